#pragma link off all globals;
#pragma link off all classes;
#pragma link off all functions;
#pragma link C++ class Event+;
