// A Python interpreter in a C++ program that has threads and locks of its own.
//
// Python code runs under the GIL, which is a lock like any other: a thread that has
// it and waits for an oarlock lock, whose holder waits for the GIL, waits for ever.
// So one rule: NEVER WAIT FOR A LOCK IN C++ WHILE HOLDING THE GIL. That is kept by
//
//   - a host thread that works without Python, which does not have the GIL at all;
//   - C++ that is called from Python and may wait, under a python::released;
//   - Python itself, whose ctypes releases the GIL around the library's functions.
//
// The other way round is fine: to hold a lock and wait for the GIL (python::gil), as
// whoever has the GIL lets go of it in time.
#ifndef PYTHON_HPP
#define PYTHON_HPP

#include <Python.h>  // first, as it says

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace python {

// A reference that is ours.
struct unref {
  void operator()(PyObject* object) const { Py_DECREF(object); }
};
using object = std::unique_ptr<PyObject, unref>;

// An exception came out of Python.
class error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Has the GIL while it lives. For any thread, also one that Python does not know.
class gil {
 public:
  gil() : state_(PyGILState_Ensure()) {}
  ~gil() { PyGILState_Release(state_); }
  gil(const gil&) = delete;
  gil& operator=(const gil&) = delete;

 private:
  PyGILState_STATE state_;
};

// Is without the GIL while it lives. For a thread that has it.
class released {
 public:
  released() : state_(PyEval_SaveThread()) {}
  ~released() { PyEval_RestoreThread(state_); }
  released(const released&) = delete;
  released& operator=(const released&) = delete;

 private:
  PyThreadState* state_;
};

// Throws the exception that Python has raised, as text.
[[noreturn]] void raise();

// What Python gave; if that is nothing, throws what it raised.
inline object checked(PyObject* given) {
  if (given == nullptr) raise();
  return object(given);
}

// Calls a function of a module without arguments; the text of what it returns. Needs
// the GIL.
std::string call(const char* module, const char* function);

// The interpreter. Whoever makes it has the GIL from then on, and ends it with it.
class interpreter {
 public:
  // `home` is where Python was installed; modules are looked for in `folders` first.
  interpreter(const std::string& home, const std::string& folders);
  // Waits for Python's threads; all but daemons.
  ~interpreter();
  interpreter(const interpreter&) = delete;
  interpreter& operator=(const interpreter&) = delete;
};

}  // namespace python

#endif
