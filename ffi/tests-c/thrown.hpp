// What a call throws, for the tests in C++.
#ifndef THROWN_HPP
#define THROWN_HPP

#include "oarlock.hpp"

#include "check.h"

#include <typeinfo>

/* The status that a call throws, or OARLOCK_OK. */
template <class Call>
static oarlock_status thrown(Call call) {
  try {
    (void)call();
  } catch (const oarlock::error& error) {
    CHECK(error.what()[0] != '\0' && error.name()[0] != '\0');
    return error.code();
  }
  return OARLOCK_OK;
}

/* Whether a call throws this very type. */
template <class Error, class Call>
static bool throws(Call call) {
  try {
    (void)call();
  } catch (const oarlock::error& error) {
    return typeid(error) == typeid(Error);
  }
  return false;
}

/* Whether all of a manager is free. */
static inline bool is_idle(const oarlock::manager& manager) {
  return manager.try_acquire(oarlock::write("")).has_value();
}

#endif
