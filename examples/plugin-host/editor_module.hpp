// The module `editor`, by which plugins reach the document.
//
//   editor.library            the path of the liboarlock that the host uses
//   editor.locks              the name of the manager that guards the document
//   editor.sections(below)    the paths of sections, a list
//   editor.text(path)         needs a claim that reads the section
//   editor.replace(path, text, token)   needs one that writes it, and its token
//
// None of these waits for a lock: plugins lock for themselves, by oarlock_host.
#ifndef EDITOR_MODULE_HPP
#define EDITOR_MODULE_HPP

#include "document.hpp"

// To be called before the interpreter starts. The document must outlive that.
void offer_editor_module(document& edited);

#endif
