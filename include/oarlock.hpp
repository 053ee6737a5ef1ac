/*
 * oarlock.hpp: the C++17 interface of Oarlock, over oarlock.h. Header only; link
 * liboarlock as for C.
 *
 *   oarlock::manager locks;
 *   {
 *     auto both = locks.acquire({oarlock::write("accounts/1"), oarlock::write("accounts/2")});
 *   }  // released here
 *
 * Each concern is a part of its own, in oarlock/:
 *
 *   path, claim, owner   what is asked for, and by whom
 *   manager, request     the calls that ask for it
 *   guard, upgrade       what was granted, and how it changes
 *   pending, callback    what waits, in a thread or with a function
 *   queue, completion    what waits, in an event loop
 *   coroutine            co_await (C++20)
 *   mutex, holders       a path as a mutex of the standard library's kind
 *   lockable             that library's requirements, to be asserted
 *   inspect              who holds and waits, statistics, watches
 *   error, failure, result, answer   what went wrong, thrown or returned
 *   handle, time, config             how the parts are made
 *
 * WHAT LIVES HOW LONG. A manager is a handle: copies are the same manager. Guards,
 * pending requests, tickets, owners, queues and mutexes keep it alive, and so does a
 * function that is still to be called; so they may outlive every manager object. A watch
 * does not. Claims and paths own their bytes; the parameters claims and request_options
 * borrow theirs for the call.
 *
 * TIMES. A timeout of 0 tries; a negative one, or one that is not a number, is refused with
 * OARLOCK_ERR_INVALID_TIMEOUT (a mutex takes it for 0, as the standard library's do). Timeouts
 * and time points too far away to be counted in nanoseconds, some 292 years, are for ever.
 *
 * THREADS. A manager may be used by any number of threads at once, and so may a mutex, a
 * queue and an owner. A guard or pending belongs to no thread, but one object is used by
 * one thread at a time, like any value. A coroutine_queue belongs to its loop's thread.
 * Every function that can block says so.
 *
 * ERRORS. Whatever fails throws oarlock::error, whose code() is the oarlock_status; what
 * a caller has to expect has a type of its own: timeout_error, cancelled_error,
 * deadlock_error, closed_error, too_many_waiting_error, stale_error, forked_error.
 *
 * The same without exceptions: every object has a view nothrow(), whose calls are the same
 * ones and return result<T>, a small std::expected<T, failure> (and convertible to that):
 *
 *   if (auto guard = locks.nothrow().acquire_for(write("a"), 1s)) use(*guard);
 *   else log(guard.error().message());
 *
 * Constructors have functions make() and make_named() beside them for that. What is
 * written here about failing holds for both forms. Under -fno-exceptions all of it
 * compiles, and a failure of the throwing form prints its message and ends the program.
 *
 * Destructors never throw. Functions given to the library (callbacks) must be noexcept,
 * which is checked when they are compiled: an exception would have nowhere to go. They may
 * call everything here, and destroy any object but a queue in the middle of its own call.
 * When there is no memory, std::bad_alloc leaves the call; where an outcome would be lost by
 * that, in a callback or while a queue is fetched from, the program ends.
 *
 * FORK. In a forked child everything from before the fork fails with OARLOCK_ERR_FORKED;
 * destructors leave the parent's locks alone. A mutex without a manager that was never
 * locked works in the child as a new one.
 */
#ifndef OARLOCK_HPP
#define OARLOCK_HPP

#include "oarlock/config.hpp"

#include "oarlock/coroutine.hpp"
#include "oarlock/manager.hpp"
#include "oarlock/mutex.hpp"
#include "oarlock/queue.hpp"

#endif  // OARLOCK_HPP
