// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "fd.hpp"

namespace bpflink::test {

/// A network namespace of our own with lo up. It ends when the fixture does, unless something else holds it.
class netns_fixture {
 public:
  netns_fixture();

  [[nodiscard]] int get() const { return namespace_.get(); }
  /// "/proc/<pid>/fd/<n>": good for open(2) as long as the fixture lives.
  [[nodiscard]] std::string path() const;
  /// What bpf_link_info calls netns_ino.
  [[nodiscard]] std::uint32_t inode() const;

  /// Runs f on a thread inside and waits for it; what f throws comes out here. This thread's namespace never changes.
  void run(const std::function<void()>& f) const;

  /// Lets go of the namespace now.
  void remove() { namespace_.reset(); }

 private:
  fd namespace_;
};

/// Runs f on a thread of its own and waits for it; what f throws comes out here.
void on_thread(const std::function<void()>& f);

/// The inode of the calling thread's network namespace.
std::uint32_t own_netns_inode();

}  // namespace bpflink::test
