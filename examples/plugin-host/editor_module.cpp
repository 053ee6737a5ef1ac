#include "python.hpp"

#include "editor_module.hpp"

#include <dlfcn.h>

#include <exception>
#include <oarlock.h>

namespace {

document* edited = nullptr;

// Runs work, and turns what it throws into an exception of Python's.
template <class Work>
PyObject* guarded(Work work) noexcept {
  try {
    return work().release();
  } catch (const python::error&) {
    PyErr_SetString(PyExc_RuntimeError, "Python failed inside the host");
  } catch (const std::out_of_range&) {
    PyErr_SetString(PyExc_KeyError, "there is no such section");
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
  }
  return nullptr;
}

python::object text(const std::string& from) {
  return python::checked(
      PyUnicode_FromStringAndSize(from.data(), static_cast<Py_ssize_t>(from.size())));
}

PyObject* sections(PyObject*, PyObject* arguments) {
  const char* below = nullptr;
  if (!PyArg_ParseTuple(arguments, "s", &below)) return nullptr;
  return guarded([&] {
    python::object list = python::checked(PyList_New(0));
    for (const std::string& path : edited->sections(below)) {
      if (PyList_Append(list.get(), text(path).get()) != 0) python::raise();
    }
    return list;
  });
}

PyObject* get_text(PyObject*, PyObject* arguments) {
  const char* path = nullptr;
  if (!PyArg_ParseTuple(arguments, "s", &path)) return nullptr;
  return guarded([&] { return text(edited->text(path)); });
}

PyObject* replace(PyObject*, PyObject* arguments) {
  const char *path = nullptr, *with = nullptr;
  unsigned long long token = 0;
  if (!PyArg_ParseTuple(arguments, "ssK", &path, &with, &token)) return nullptr;
  return guarded([&] {
    edited->replace(path, with, token);
    return python::object(Py_NewRef(Py_None));
  });
}

PyMethodDef functions[] = {
    {"sections", sections, METH_VARARGS, "The paths of the sections at or below a path."},
    {"text", get_text, METH_VARARGS, "The text of a section, which must be locked."},
    {"replace", replace, METH_VARARGS, "Writes a section under the lock with this token."},
    {nullptr, nullptr, 0, nullptr},
};

PyModuleDef definition = {PyModuleDef_HEAD_INIT, "editor", "The document that is edited.", -1,
                          functions, nullptr, nullptr, nullptr, nullptr};

PyObject* make_module() {
  PyObject* const module = PyModule_Create(&definition);
  if (module == nullptr) return nullptr;
  // Where the functions of C that this host calls have come from.
  Dl_info library;
  const bool known = dladdr(reinterpret_cast<void*>(oarlock_version), &library) != 0;
  if (PyModule_AddStringConstant(module, "library", known ? library.dli_fname : "") != 0 ||
      PyModule_AddStringConstant(module, "locks", document::locks_name) != 0) {
    Py_DECREF(module);
    return nullptr;
  }
  return module;
}

}  // namespace

void offer_editor_module(document& to_edit) {
  edited = &to_edit;
  if (PyImport_AppendInittab("editor", make_module) != 0) {
    throw python::error("the module editor cannot be offered");
  }
}
