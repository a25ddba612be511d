// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <thread>
#include <vector>

#include "side.hpp"

namespace bpflink::bench {

inline constexpr std::size_t keepable = 16;

/// Places for what is made and kept until undo, without moving it: what it costs to make it is all that is measured.
template <class Made>
class keeping_places {
 public:
  keeping_places() = default;
  keeping_places(const keeping_places&) = delete;
  keeping_places& operator=(const keeping_places&) = delete;
  ~keeping_places() { clear(ending::one_by_one); }

  template <class Make>
  void add(Make& make) {
    ::new (places_.at(used_).data()) Made(make(used_));
    ++used_;
  }

  /// The kernel makes whoever closes a perf event wait, and whoever waits at the same time waits no longer.
  void clear(ending how) {
    const auto end = [this](std::size_t place) {
      std::launder(reinterpret_cast<Made*>(places_[place].data()))->~Made();
    };
    std::vector<std::thread> enders;
    for (; used_ != 0; --used_) {
      if (how == ending::all_at_once) {
        enders.emplace_back(end, used_ - 1);
      } else {
        end(used_ - 1);
      }
    }
    for (auto& ender : enders) ender.join();
  }

 private:
  alignas(Made) std::array<std::array<std::byte, sizeof(Made)>, keepable> places_;
  std::size_t used_ = 0;
};

/// Keeps what `make` returns until undo. It is told how many there are already.
template <class Make>
side kept(Make make) {
  const auto places = std::make_shared<keeping_places<decltype(make(std::size_t{}))>>();
  return {[make, places](std::size_t times) mutable {
            while (times-- != 0) places->add(make);
          },
          [places](ending how) { places->clear(how); }};
}

}  // namespace bpflink::bench
