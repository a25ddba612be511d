// SPDX-License-Identifier: MIT
#include <array>
#include <string_view>

#include "bpflink/info.hpp"
#include "word.hpp"

// The words for what links are about.
namespace bpflink {

namespace {

constexpr std::array<std::string_view, 5> order_words{"unspecified", "self_only", "descendants_pre", "descendants_post",
                                                      "ancestors_up"};
constexpr std::array<std::string_view, 5> netfilter_words{"pre_routing", "local_in", "forward", "local_out",
                                                          "post_routing"};
constexpr std::array<std::string_view, 7> event_words{"unspecified", "uprobe",     "uretprobe", "kprobe",
                                                      "kretprobe",   "tracepoint", "event"};

}  // namespace

std::string_view to_string(cgroup_order order) noexcept { return word(order_words, order); }
std::string_view to_string(netfilter_family family) noexcept {
  switch (family) {
    case netfilter_family::ipv4:
      return "ipv4";
    case netfilter_family::ipv6:
      return "ipv6";
  }
  return "unknown";
}
std::string_view to_string(netfilter_hook hook) noexcept { return word(netfilter_words, hook); }
std::string_view to_string(perf_event_kind kind) noexcept { return word(event_words, kind); }

}  // namespace bpflink
