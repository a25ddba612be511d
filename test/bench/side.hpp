// SPDX-License-Identifier: MIT
// A row of the table is one operation; a side of it is one way of doing it.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <utility>

namespace bpflink::bench {

class stage;

enum class operation : unsigned char {
  attach_cgroup,
  attach_cgroup_by_path,
  attach_netns,
  attach_raw_tracepoint,
  attach_xdp,
  info,
  update,
  detach,
  pin,
  open_pinned,
  attach_tracepoint,
  attach_uprobe_multi,
  read_iterator,
};

struct side {
  std::function<void(std::size_t times)> work;
  /// Where the operation leaves something whose end is not part of it: ends that, for up to `keepable` times of work.
  std::function<void()> undo;
};

inline constexpr std::size_t keepable = 4;
/// More than the kernel gives in one read.
inline constexpr std::size_t iterator_buffer = 64 * 1024;

/// The three sides of a row. Throw what goes wrong while they are made or while they work.
side raw_side(operation what, stage& on);
side our_side(operation what, stage& on);
/// One without work where libbpf has no such operation, or there was no libbpf when this was built.
side libbpf_side(operation what, stage& on);
/// "libbpf 1.1"; empty where there was none.
std::string libbpf_version();

/// Throws with the errno.
[[noreturn]] void failed(const char* doing);

template <class Work>
side repeated(Work work) {
  return {[work](std::size_t times) {
            while (times-- != 0) work();
          },
          nullptr};
}

/// Keeps what `make` returns until undo, without moving it: what it costs to make it is all that is measured. It is
/// told how many there are already.
template <class Make>
side kept(Make make) {
  using made = decltype(make(std::size_t{}));
  struct storage {
    alignas(made) std::array<std::array<std::byte, sizeof(made)>, keepable> slots;
    std::size_t used = 0;

    made* at(std::size_t slot) { return std::launder(reinterpret_cast<made*>(slots.at(slot).data())); }
    void clear() {
      while (used != 0) at(--used)->~made();
    }
    ~storage() { clear(); }
  };
  const auto keep = std::make_shared<storage>();
  return {[make, keep](std::size_t times) {
            for (; times-- != 0; ++keep->used) ::new (keep->slots.at(keep->used).data()) made(make(keep->used));
          },
          [keep] { keep->clear(); }};
}

}  // namespace bpflink::bench
