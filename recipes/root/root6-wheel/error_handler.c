/* ROOT._error_handler: hold Python's lock (the GIL) where ROOT's error handler calls Python.
 *
 * PyROOT makes ROOT's warnings Python's, by a handler that calls Python. ROOT 6.40 releases the
 * GIL during TH1::Fit and TInterpreter's calls, and the handler does not take it back: the first
 * warning in such a call ends the process. To release it no more would bring back what that
 * mended: a fit of a Python function waits for ever once ROOT has threads. So this puts a handler
 * before PyROOT's that takes the GIL, which is also upstream's cure (root-project/root#22402).
 *
 * A thread that is not Python's does not take it: who started the thread may hold the GIL and wait
 * for the thread to end. Its warnings are printed by ROOT's own handler.
 */
#define Py_LIMITED_API 0x03090000
#include <Python.h>
#include <stdbool.h>

/* TError.h: warnings are from kWarning on and below kError. */
enum { WARNING = 2000, ERROR = 3000 };

typedef void handler(int level, bool abort, const char *location, const char *message);

/* C++ functions of libCore, by their mangled names. */
extern handler *get_error_handler(void) __asm__("_Z15GetErrorHandlerv");
extern handler default_error_handler __asm__("_Z19DefaultErrorHandleribPKcS0_");
extern handler *set_error_handler(handler *) __asm__("_Z15SetErrorHandlerPFvibPKcS0_E");
/* Set once ROOT has threads. PyROOT's handler then does not call Python, which would wait for a
 * thread that waits for ROOT's own lock. */
extern void *gGlobalMutex;

static handler *pyroot;

static void hold_gil(int level, bool abort, const char *location, const char *message)
{
   if (level < WARNING || level >= ERROR || gGlobalMutex || !Py_IsInitialized()) {
      pyroot(level, abort, location, message);
      return;
   }
   if (!PyGILState_GetThisThreadState()) {
      default_error_handler(level, abort, location, message);
      return;
   }
   PyGILState_STATE state = PyGILState_Ensure();
   pyroot(level, abort, location, message);
   PyGILState_Release(state);
}

static PyObject *install(PyObject *self, PyObject *none)
{
   (void)self;
   (void)none;
   handler *now = get_error_handler();
   if (now != hold_gil) {
      pyroot = now;
      set_error_handler(hold_gil);
   }
   Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
   {"install", install, METH_NOARGS, "Put the handler before ROOT's present one, if it is not."},
   {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
   .m_base = PyModuleDef_HEAD_INIT,
   .m_name = "_error_handler",
   .m_doc = "Hold the GIL where ROOT's error handler calls Python.",
   .m_size = -1,
   .m_methods = methods,
};

PyMODINIT_FUNC PyInit__error_handler(void)
{
   return PyModule_Create(&module);
}
