#include "python.hpp"

namespace python {

namespace {

std::string text_of(PyObject* of) {
  const object text(PyObject_Str(of));
  const char* const bytes = text == nullptr ? nullptr : PyUnicode_AsUTF8(text.get());
  if (bytes != nullptr) return bytes;
  PyErr_Clear();
  return "an object without a text";
}

void check(const PyStatus& status) {
  if (PyStatus_Exception(status)) {
    throw error(status.err_msg != nullptr ? status.err_msg : "Python does not start");
  }
}

}  // namespace

void raise() {
  PyObject *type = nullptr, *value = nullptr, *trace = nullptr;
  PyErr_Fetch(&type, &value, &trace);
  PyErr_NormalizeException(&type, &value, &trace);
  const object kept_type(type), kept_value(value), kept_trace(trace);
  const std::string name =
      type == nullptr ? "nothing" : reinterpret_cast<PyTypeObject*>(type)->tp_name;
  throw error(value == nullptr ? name : name + ": " + text_of(value));
}

std::string call(const char* module, const char* function) {
  const object found = checked(PyImport_ImportModule(module));
  const object entry = checked(PyObject_GetAttrString(found.get(), function));
  const object given = checked(PyObject_CallObject(entry.get(), nullptr));
  return text_of(given.get());
}

interpreter::interpreter(const std::string& home, const std::string& folders) {
  PyConfig config;
  // Isolated: the host's Python is not to be led astray by variables of the user's.
  PyConfig_InitIsolatedConfig(&config);
  config.install_signal_handlers = 0;  // signals are the host's
  const std::unique_ptr<PyConfig, void (*)(PyConfig*)> kept(&config, PyConfig_Clear);
  check(PyConfig_SetBytesString(&config, &config.home, home.c_str()));
  check(Py_InitializeFromConfig(&config));

  PyObject* const path = PySys_GetObject("path");  // borrowed
  std::size_t place = 0;
  for (std::size_t start = 0; start <= folders.size();) {
    std::size_t end = folders.find(':', start);
    if (end == std::string::npos) end = folders.size();
    const object folder =
        checked(PyUnicode_DecodeFSDefault(folders.substr(start, end - start).c_str()));
    if (PyList_Insert(path, static_cast<Py_ssize_t>(place++), folder.get()) != 0) raise();
    start = end + 1;
  }
}

interpreter::~interpreter() { Py_FinalizeEx(); }

}  // namespace python
