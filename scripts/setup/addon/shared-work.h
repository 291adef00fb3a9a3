/*
 * Threads that share the blocks of a job with the thread that brings it, as many as TensorFlow's own products have. A thread
 * looks for work for a moment before it sleeps, because the next product of a layer comes soon.
 */

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <thread>

namespace shared_work {

#if defined(__x86_64__) && defined(__GNUC__)
static inline void Pause() { __builtin_ia32_pause(); }
#else
static inline void Pause() { std::this_thread::yield(); }
#endif

// Blocks that may be computed in any order, on any thread.
class Job {
 public:
  explicit Job(int64_t blocks) : blocks_(blocks) {}
  virtual ~Job() = default;

  int64_t blocks() const { return blocks_; }
  bool Done() const { return finished_.load(std::memory_order_acquire) == blocks_; }

  // Computes blocks until none is left to begin.
  void Work() {
    for (int64_t at; (at = next_.fetch_add(1)) < blocks_;) {
      Block(at);
      finished_.fetch_add(1, std::memory_order_release);
    }
  }

 private:
  virtual void Block(int64_t at) = 0;

  const int64_t blocks_;
  std::atomic<int64_t> next_{0};
  std::atomic<int64_t> finished_{0};
};

class Helpers {
 public:
  // Never freed: the threads live until the process ends.
  static Helpers &Shared() {
    static auto *shared = new Helpers(ThreadsOfTensorFlow() - 1);
    return *shared;
  }

  // Returns when the job is done. If the threads have another one, this thread does all of it.
  void Run(const std::shared_ptr<Job> &job) {
    std::unique_lock<std::mutex> one(one_, std::try_to_lock);
    if (one.owns_lock() && count_ > 0 && job->blocks() > 1) {
      {
        std::lock_guard<std::mutex> lock(mutex_);
        current_ = job;
        generation_.fetch_add(1, std::memory_order_release);
      }
      wake_.notify_all();
    }
    job->Work();
    for (int spins = 0; !job->Done(); spins++) {
      if (spins < kSpins) {
        Pause();
      } else {
        std::this_thread::yield();
      }
    }
  }

 private:
  // About as long as the operations between two products of a layer take.
  static constexpr int kSpins = 1000;

  explicit Helpers(int count) : count_(count) {
    for (int i = 0; i < count; i++) std::thread([this] { Help(); }).detach();
  }

  static int ThreadsOfTensorFlow() {
    const char *text = getenv("TF_NUM_INTRAOP_THREADS");
    const int stated = text == nullptr ? 0 : atoi(text);
    return stated > 0 ? stated : std::max(1u, std::thread::hardware_concurrency());
  }

  void Help() {
    for (uint64_t seen = 0;;) {
      for (int spins = 0; spins < kSpins && generation_.load(std::memory_order_acquire) == seen; spins++) Pause();
      std::shared_ptr<Job> job;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        wake_.wait(lock, [&] { return generation_.load() != seen; });
        seen = generation_.load();
        job = current_;
      }
      // A job that is done, and whose tensors are gone, has no block left to begin.
      job->Work();
    }
  }

  const int count_;
  std::mutex one_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::atomic<uint64_t> generation_{0};
  std::shared_ptr<Job> current_;
};

}  // namespace shared_work
