// Whether each file is Groovy: what the parser says of those that are not, and exit code 1.
import org.codehaus.groovy.control.CompilationFailedException
import org.codehaus.groovy.control.CompilationUnit
import org.codehaus.groovy.control.Phases

def bad = args.findAll { file ->
    def unit = new CompilationUnit()
    unit.addSource(new File(file))
    try {
        unit.compile(Phases.CONVERSION)
        false
    } catch (CompilationFailedException error) {
        System.err.println error.message
        true
    }
}
System.exit(bad ? 1 : 0)
