// An emulation of Jenkins, for one declarative pipeline: it parses the file as Groovy, runs the
// `sh` steps in their order with the parameters in the environment, then what `post` asks for,
// and prints every other step. Words: the Jenkinsfile, then NAME=VALUE for each parameter.
import org.codehaus.groovy.control.CompilerConfiguration


abstract class Pipeline extends Script {
    def shell(String command, boolean captured) {
        def builder = new ProcessBuilder('sh', '-xe', '-c', command)
        builder.environment().putAll(binding.variables.parameters)
        builder.redirectError(ProcessBuilder.Redirect.INHERIT)
        if (!captured) builder.redirectOutput(ProcessBuilder.Redirect.INHERIT)
        def process = builder.start()
        def output = captured ? process.inputStream.text : ''
        if (process.waitFor() != 0) throw new RuntimeException("sh: ${process.exitValue()}")
        output
    }

    def sh(String command) { shell(command, false) }

    def sh(Map step) { shell(step.script, step.returnStdout) }

    def string(Map parameter) {
        binding.variables.parameters.putIfAbsent(parameter.name, parameter.defaultValue)
    }

    def stages(Closure body) {
        try {
            body()
        } catch (RuntimeException error) {
            println "failed: ${error.message}"
            binding.variables.failed = true
        }
    }

    def failure(Closure body) { if (binding.variables.failed) body() }

    def getAny() { 'any' }

    def getEnv() { [JOB_NAME: 'job', BUILD_NUMBER: '1', BUILD_URL: 'http://localhost/'] }

    def methodMissing(String name, Object words) {
        if (words && words[-1] instanceof Closure) return words[-1]()
        println "step: $name ${words.join(' ')}"
    }
}

def given = args.tail().collectEntries { it.split('=', 2).toList() }
def binding = new Binding([parameters: given, failed: false])
def settings = new CompilerConfiguration(scriptBaseClass: Pipeline.name)
new GroovyShell(this.class.classLoader, binding, settings).evaluate(new File(args[0]))
System.exit(binding.variables.failed ? 1 : 0)
