/* config.hpp: what the compiler offers. A part of oarlock.hpp. */
#ifndef OARLOCK_CONFIG_HPP
#define OARLOCK_CONFIG_HPP

#if defined(_MSVC_LANG) ? _MSVC_LANG < 201703L : __cplusplus < 201703L
#error "oarlock.hpp needs C++17"
#endif

#if defined(__has_include)
#if __has_include(<version>)
#include <version>
#endif
#endif

/** Whether failures can be thrown: 0 under -fno-exceptions. There, a failure of
 *  the throwing form prints its message and ends the program. All files of a
 *  program have to agree about it. */
#ifndef OARLOCK_EXCEPTIONS
#if defined(__cpp_exceptions) || defined(_CPPUNWIND)
#define OARLOCK_EXCEPTIONS 1
#else
#define OARLOCK_EXCEPTIONS 0
#endif
#endif

/** On exceptions, so that what one shared object throws can be caught in another, also
 *  where both are compiled with hidden visibility. */
#if defined(__GNUC__)
#define OARLOCK_VISIBLE __attribute__((visibility("default")))
#else
#define OARLOCK_VISIBLE
#endif

/** Whether a result converts to std::expected. */
#if defined(__cpp_lib_expected) && __cpp_lib_expected >= 202202L
#define OARLOCK_EXPECTED 1
#else
#define OARLOCK_EXPECTED 0
#endif

/** Whether there is the operator <=>. */
#if defined(__cpp_lib_three_way_comparison)
#define OARLOCK_THREE_WAY 1
#else
#define OARLOCK_THREE_WAY 0
#endif

#endif  // OARLOCK_CONFIG_HPP
