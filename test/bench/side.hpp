// SPDX-License-Identifier: MIT
// A row of the table is one operation; a side of it is one way of doing it.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bpflink/error.hpp"

namespace bpflink::bench {

/// How the ends that are no part of the operation come: as the count needs them, or as fast as they can.
enum class ending : unsigned char { one_by_one, all_at_once };

struct side {
  std::function<void(std::size_t times)> work;
  /// Where the operation leaves something whose end is not part of it: ends that, for up to `keepable` times of work.
  std::function<void(ending how)> undo;
};

/// The sides of a row. They throw what goes wrong while they work.
struct sides {
  side raw;     // as nobody could do it with less
  side ours;    // as our users write it
  side libbpf;  // as its users write it; without work where it has no such operation, or was not there to build with

  /// Keeps something for as long as the sides are.
  template <class T>
  T& keep(T thing) {
    auto kept = std::make_shared<T>(std::move(thing));
    T& there = *kept;
    kept_.push_back(std::move(kept));
    return there;
  }

 private:
  std::vector<std::shared_ptr<void>> kept_;
};

template <class Work>
side repeated(Work work) {
  return {[work](std::size_t times) mutable {
            while (times-- != 0) work();
          },
          nullptr};
}

/// Throws with the errno.
[[noreturn]] void failed(const char* doing);

/// What a call answered, where it is not negative.
inline int done(int answer, const char* doing) {
  if (answer < 0) failed(doing);
  return answer;
}

template <class T>
void check(const expected<T>& result) {
  if (!result) throw std::runtime_error(result.error().message());
}

template <class T>
T got(expected<T> result) {
  check(result);
  return *std::move(result);
}

}  // namespace bpflink::bench
