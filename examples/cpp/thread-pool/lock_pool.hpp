// A thread pool whose tasks say what they read and write, and run once that is
// theirs. A task that has to wait stands in the lock manager's queue, not in a
// worker: so few workers serve any number of waiting tasks, and none is blocked.
#ifndef LOCK_POOL_HPP
#define LOCK_POOL_HPP

#include <condition_variable>
#include <deque>
#include <exception>
#include <future>
#include <memory>
#include <mutex>
#include <oarlock.hpp>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

class lock_pool {
 public:
  // The manager may have other users: other pools, or threads that lock by hand.
  lock_pool(oarlock::manager locks, unsigned workers) : locks_(std::move(locks)) {
    for (unsigned i = 0; i < workers; ++i) threads_.emplace_back([this] { serve(); });
  }

  // Runs all that was submitted to its end.
  ~lock_pool() {
    wait_idle();
    {
      const std::lock_guard<std::mutex> hold(mutex_);
      stopping_ = true;
    }
    ready_changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  lock_pool(const lock_pool&) = delete;
  lock_pool& operator=(const lock_pool&) = delete;

  // Runs work(const oarlock::guard&) on a worker once it has its claims, all of
  // them together; tasks that conflict run in the order of their submission. The
  // claims are released when it returns or throws, before the future is ready.
  //
  // Does not block, and may be called by a task. But a task must not wait for
  // another's future: it would hold its locks and its worker meanwhile.
  //
  // Throws oarlock::error if the claims are refused; if the manager is closed
  // while the task waits, the future does.
  template <class Work>
  std::future<std::invoke_result_t<Work&, const oarlock::guard&>> submit(
      std::string_view label, const oarlock::claims& wanted, Work work) {
    const auto kept = std::make_shared<task_of<Work>>(std::move(work));
    auto result = kept->result.get_future();
    begin();
    try {
      oarlock::enqueued asked = locks_.enqueue(
          wanted,
          // Called by whoever makes way for this task: often another worker.
          [this, kept](oarlock::result<oarlock::guard> granted) noexcept {
            if (granted) return enter(kept, std::move(*granted));
            try {
              oarlock::raise(granted.error());  // as what it is
            } catch (...) {
              kept->refuse(std::current_exception());
            }
            end();
          },
          oarlock::labelled(label));
      if (auto* const granted = std::get_if<oarlock::guard>(&asked)) {
        enter(kept, std::move(*granted));
      }
    } catch (...) {
      end();
      throw;
    }
    return result;
  }

  // Blocks until nothing that was submitted waits or runs. Not for tasks to call.
  void wait_idle() {
    std::unique_lock<std::mutex> hold(mutex_);
    idle_.wait(hold, [this] { return unfinished_ == 0; });
  }

 private:
  class task {
   public:
    virtual ~task() = default;
    virtual void run(oarlock::guard granted) noexcept = 0;
  };

  template <class Work>
  class task_of final : public task {
   public:
    using result_type = std::invoke_result_t<Work&, const oarlock::guard&>;
    explicit task_of(Work work) : work_(std::move(work)) {}

    void run(oarlock::guard granted) noexcept override {
      try {
        if constexpr (std::is_void_v<result_type>) {
          work_(granted);
          granted = {};
          result.set_value();
        } else {
          result_type value = work_(granted);
          granted = {};
          result.set_value(std::move(value));
        }
      } catch (...) {
        granted = {};
        refuse(std::current_exception());
      }
    }
    void refuse(std::exception_ptr why) noexcept { result.set_exception(std::move(why)); }

    std::promise<result_type> result;

   private:
    Work work_;
  };

  struct ready {
    std::shared_ptr<task> what;
    oarlock::guard granted;
  };

  // A task that has its locks, for any worker to run.
  void enter(std::shared_ptr<task> what, oarlock::guard granted) {
    const std::lock_guard<std::mutex> hold(mutex_);
    ready_.push_back({std::move(what), std::move(granted)});
    ready_changed_.notify_one();
  }

  void begin() {
    const std::lock_guard<std::mutex> hold(mutex_);
    ++unfinished_;
  }

  void end() {
    const std::lock_guard<std::mutex> hold(mutex_);
    if (--unfinished_ == 0) idle_.notify_all();
  }

  // One worker.
  void serve() {
    for (;;) {
      ready next;
      {
        std::unique_lock<std::mutex> hold(mutex_);
        ready_changed_.wait(hold, [this] { return stopping_ || !ready_.empty(); });
        if (ready_.empty()) return;
        next = std::move(ready_.front());
        ready_.pop_front();
      }
      next.what->run(std::move(next.granted));
      end();
    }
  }

  const oarlock::manager locks_;
  std::mutex mutex_;             // guards all below but threads_
  std::condition_variable ready_changed_, idle_;
  std::deque<ready> ready_;      // those that have their locks and no worker yet
  std::size_t unfinished_ = 0;   // those that wait, are ready, or run
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

#endif
