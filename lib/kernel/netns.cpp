// SPDX-License-Identifier: MIT
#include "kernel/netns.hpp"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <cerrno>
#include <csignal>

#include "kernel/files.hpp"

namespace bpflink::kernel {

namespace {

// Not /proc/self, which is the process's first thread.
constexpr const char* own_netns = "/proc/thread-self/ns/net";

struct errand {
  int netns;
  void (*work)(void*);
  void* context;
  int error;
};

void* enter_and_work(void* argument) noexcept {
  auto& job = *static_cast<errand*>(argument);
  if (::setns(job.netns, CLONE_NEWNET) < 0) {
    job.error = errno;
  } else {
    job.work(job.context);
  }
  return nullptr;
}

}  // namespace

result<unique_fd> open_netns(const char* path) noexcept {
  int raw = -1;
  do raw = ::open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  while (raw < 0 && errno == EINTR);
  if (raw < 0) return tl::unexpected(failure{operation::open, errno});
  return above_standard_streams(unique_fd::adopt(raw));
}

result<unique_fd> open_own_netns() noexcept { return open_netns(own_netns); }

bool is_own_netns(int descriptor) noexcept {
  struct ::stat theirs {};
  struct ::stat own {};
  return ::fstat(descriptor, &theirs) == 0 && ::stat(own_netns, &own) == 0 && theirs.st_dev == own.st_dev &&
         theirs.st_ino == own.st_ino;
}

std::optional<namespace_kind> kind_of_namespace(int descriptor) noexcept {
  // Other files have ioctls of their own with this number.
  const auto status = status_of(descriptor);
  if (!status || status->filesystem != filesystem_nsfs) return std::nullopt;
  const int kind = ::ioctl(descriptor, NS_GET_NSTYPE);
  if (kind < 0) return std::nullopt;
  return static_cast<namespace_kind>(kind);
}

bool only_names_file(int descriptor) noexcept {
  const int flags = ::fcntl(descriptor, F_GETFL);
  return flags >= 0 && (flags & O_PATH) != 0;
}

result<void> detail::run_in_netns(int netns, void (*work)(void*), void* context) noexcept {
  if (is_own_netns(netns)) {
    work(context);
    return {};
  }
  errand job{netns, work, context, 0};
  // The new thread inherits the mask: no handler of the user's may run in a foreign namespace.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread{};
  const int failed = ::pthread_create(&thread, nullptr, enter_and_work, &job);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (failed != 0) return tl::unexpected(failure{operation::make_thread, failed});
  // Waiting must not end before the thread does, which works on what is on this thread's stack.
  int cancellation = 0;
  ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancellation);
  ::pthread_join(thread, nullptr);
  ::pthread_setcancelstate(cancellation, nullptr);
  if (job.error != 0) return tl::unexpected(failure{operation::enter_namespace, job.error});
  return {};
}

}  // namespace bpflink::kernel
