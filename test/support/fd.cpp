// SPDX-License-Identifier: MIT
#include "fd.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <memory>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace bpflink::test {

namespace {

double monotonic_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

std::string link_target(const std::string& path) {
  char target[256];
  const ssize_t length = ::readlink(path.c_str(), target, sizeof(target));
  return length < 0 ? std::string() : std::string(target, static_cast<std::size_t>(length));
}

}  // namespace

fd& fd::operator=(fd&& other) noexcept {
  if (this != &other) {
    reset();
    number_ = other.release();
  }
  return *this;
}

int fd::release() noexcept { return std::exchange(number_, -EBADF); }

void fd::reset() noexcept {
  if (number_ >= 0) ::close(number_);
  number_ = -EBADF;
}

void throw_error(int error, std::string_view doing) {
  throw std::system_error(error, std::generic_category(), std::string(doing));
}

fd must(fd descriptor, std::string_view doing) {
  if (!descriptor) throw_error(descriptor.error(), doing);
  return descriptor;
}

fd open_file(const std::string& path, int flags) {
  const int number = ::open(path.c_str(), flags | O_CLOEXEC);
  return fd(number < 0 ? -errno : number);
}

descriptors open_descriptors() {
  descriptors found;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir("/proc/self/fd"), ::closedir);
  if (!directory) throw_error(errno, "opening /proc/self/fd");
  while (const dirent* entry = ::readdir(directory.get())) {
    if (entry->d_name[0] == '.') continue;
    const int number = std::stoi(entry->d_name);
    if (number == ::dirfd(directory.get())) continue;
    found.emplace(number, link_target("/proc/self/fd/" + std::string(entry->d_name)));
  }
  return found;
}

std::string leaked(const descriptors& before, const descriptors& after) {
  std::string lines;
  for (const auto& [number, what] : after) {
    // A system call supervisor's stays until the process ends.
    if (what == "anon_inode:seccomp notify") continue;
    if (!before.contains(number)) lines += std::to_string(number) + " -> " + what + "\n";
  }
  return lines;
}

std::string read_file(const std::string& path) {
  const fd file = must(open_file(path, O_RDONLY), "opening " + path);
  std::string text;
  char chunk[4096];
  for (;;) {
    const ssize_t length = ::read(file.get(), chunk, sizeof(chunk));
    if (length < 0 && errno == EINTR) continue;
    if (length < 0) throw_error(errno, "reading " + path);
    if (length == 0) return text;
    text.append(chunk, static_cast<std::size_t>(length));
  }
}

int write_file(const std::string& path, std::string_view text) {
  const fd file = open_file(path, O_WRONLY);
  if (!file) return file.error();
  const ssize_t length = ::write(file.get(), text.data(), text.size());
  if (length < 0) return errno;
  return static_cast<std::size_t>(length) == text.size() ? 0 : EIO;
}

bool eventually(const std::function<bool()>& condition, double seconds) {
  const double end = monotonic_seconds() + seconds;
  do {
    if (condition()) return true;
    const timespec pause{0, 1'000'000};
    ::nanosleep(&pause, nullptr);
  } while (monotonic_seconds() < end);
  return condition();
}

}  // namespace bpflink::test
