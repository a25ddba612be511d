// SPDX-License-Identifier: MIT
// Hooks that are attached to, updated and detached from while traffic runs.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>
#include <utility>

#include "bpflink/link.hpp"
#include "helpers.hpp"

namespace bpflink {

/// A hook that every packet of `send`, which gives 0 or errno, comes by once. The programs count and let pass, so that
/// what one of them missed is known by the sum.
struct busy_hook {
  std::function<int()> send;
  std::function<test::counted_program()> load;
  std::function<expected<link_handle>(program_ref)> attach;
  mechanism by = mechanism::link;
  bool compares = true;  // whether an update may name the program that it expects
};

/// For busy_hook::attach.
template <class Link>
expected<link_handle> as_handle(expected<Link> link) {
  if (!link) return tl::unexpected(std::move(link).error());
  return *std::move(link);
}

/// Sends on a thread of its own, a bounded number of packets, until it is stopped or destroyed.
class sender {
 public:
  explicit sender(std::function<int()> send) : send_{std::move(send)}, thread_{[this] { run(); }} {}
  sender(const sender&) = delete;
  sender& operator=(const sender&) = delete;
  ~sender() { stop(); }

  void stop();
  [[nodiscard]] std::uint64_t sent() const { return sent_; }
  [[nodiscard]] std::uint64_t failed() const { return failed_; }
  /// Waits until so many more were sent.
  [[nodiscard]] bool sends(std::uint64_t more) const;

 private:
  void run();

  std::function<int()> send_;
  std::atomic<std::uint64_t> sent_{0};
  std::atomic<std::uint64_t> failed_{0};
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

void check_updates(const busy_hook& hook);
void check_attach_and_detach(const busy_hook& hook);
/// Both.
void check_traffic(const busy_hook& hook);

}  // namespace bpflink
