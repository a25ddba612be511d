// SPDX-License-Identifier: MIT
#include "attach/rules.hpp"

#include <algorithm>
#include <set>
#include <string_view>
#include <vector>

#include "bpflink/attach/cgroup.hpp"
#include "bpflink/link_traits.hpp"
#include "support/catch.hpp"

using namespace bpflink;

namespace {

constexpr auto attach_type_count = static_cast<std::uint32_t>(attach_type::trace_uprobe_session) + 1;
constexpr auto program_type_count = static_cast<std::uint32_t>(program_type::netfilter) + 1;

template <class Enumeration>
std::vector<Enumeration> all(std::uint32_t count) {
  std::vector<Enumeration> values;
  for (std::uint32_t value = 0; value < count; ++value) values.push_back(static_cast<Enumeration>(value));
  return values;
}

bool is_cgroup_hook(attach_type where) { return to_string(where).starts_with("cgroup_"); }

template <class Range, class Value>
bool holds(const Range& range, Value value) {
  return std::find(range.begin(), range.end(), value) != range.end();
}

}  // namespace

TEST_CASE("rules: every cgroup hook takes one type of program, makes a cgroup link, and has a version", "[rules]") {
  unsigned count = 0;
  for (const auto where : all<attach_type>(attach_type_count)) {
    INFO(to_string(where));
    if (!is_cgroup_hook(where)) {
      const bool reuseport = holds(hooks::attach_types_of(program_type::sk_reuseport), where);
      CHECK(hooks::since(where).has_value() == (reuseport || hooks::link_of(where) == link_type::sockmap));
      if (reuseport) CHECK(hooks::since(where) == kernel_version{5, 14});
      continue;
    }
    ++count;
    CHECK(hooks::programs_of(where).size() == 1);
    CHECK(hooks::link_of(where) == link_type::cgroup);
    REQUIRE(hooks::since(where).has_value());
    CHECK(*hooks::since(where) >= kernel_version{4, 10});
    CHECK(*hooks::since(where) <= kernel_version{6, 7});
    // The hook's own enumerator is the same number, and its word the same without the prefix.
    const auto hook = static_cast<cgroup_hook>(where);
    CHECK(to_string(hook) == to_string(where).substr(std::string_view{"cgroup_"}.size()));
  }
  CHECK(count == 28);
}

TEST_CASE("rules: a program type and its attach types name each other", "[rules]") {
  for (const auto where : all<attach_type>(attach_type_count)) {
    for (const auto type : hooks::programs_of(where)) {
      INFO(to_string(where) << " takes " << to_string(type));
      // Perf events take programs whose type alone says so.
      CHECK((where == attach_type::perf_event || holds(hooks::attach_types_of(type), where)));
    }
  }
  for (const auto type : all<program_type>(program_type_count)) {
    std::set<attach_type> seen;
    for (const auto where : hooks::attach_types_of(type)) {
      INFO(to_string(type) << " goes to " << to_string(where));
      CHECK(seen.insert(where).second);
      CHECK(to_string(where) != "unknown");
      CHECK(holds(hooks::programs_of(where), type));
    }
  }
}

TEST_CASE("rules: an attach type's kind of link takes its programs", "[rules]") {
  for (const auto where : all<attach_type>(attach_type_count)) {
    const auto kind = hooks::link_of(where);
    INFO(to_string(where) << " makes a " << to_string(kind) << " link");
    const auto by_kind = hooks::programs_of(kind, static_cast<std::uint32_t>(where));
    for (const auto type : by_kind) CHECK(to_string(type) != "unknown");
    if (kind == link_type::unspecified) CHECK(by_kind.empty());
    const bool placed = kind == link_type::cgroup || kind == link_type::netns || kind == link_type::sockmap;
    if (!placed || where == attach_type::cgroup_inet_ingress) continue;
    CHECK(
        std::equal(by_kind.begin(), by_kind.end(), hooks::programs_of(where).begin(), hooks::programs_of(where).end()));
  }
}

TEST_CASE("rules: what is not known is said to be so", "[rules]") {
  const auto strange = static_cast<attach_type>(4711);
  CHECK(hooks::programs_of(strange).empty());
  CHECK(hooks::link_of(strange) == link_type::unspecified);
  CHECK_FALSE(hooks::since(strange).has_value());
  CHECK(hooks::attach_types_of(static_cast<program_type>(4711)).empty());
  CHECK(hooks::programs_of(static_cast<link_type>(4711), 0).empty());
  // A link that was adopted does not know its hook.
  CHECK(hooks::programs_of(link_type::cgroup, 0).empty());
}

TEST_CASE("rules: the hooks of the starting package", "[rules]") {
  const auto only = [](attach_type where) { return hooks::programs_of(where).front(); };
  CHECK(only(attach_type::cgroup_inet_egress) == program_type::cgroup_skb);
  CHECK(only(attach_type::cgroup_inet_sock_create) == program_type::cgroup_sock);
  CHECK(only(attach_type::cgroup_inet4_post_bind) == program_type::cgroup_sock);
  CHECK(only(attach_type::cgroup_inet4_bind) == program_type::cgroup_sock_addr);
  CHECK(only(attach_type::cgroup_unix_getsockname) == program_type::cgroup_sock_addr);
  CHECK(only(attach_type::cgroup_setsockopt) == program_type::cgroup_sockopt);
  CHECK(only(attach_type::sk_lookup) == program_type::sk_lookup);
  CHECK(only(attach_type::flow_dissector) == program_type::flow_dissector);
  CHECK(only(attach_type::xdp) == program_type::xdp);
  CHECK(only(attach_type::trace_iter) == program_type::tracing);
  CHECK(only(attach_type::trace_uprobe_multi) == program_type::kprobe);
  CHECK(hooks::link_of(attach_type::sk_lookup) == link_type::netns);
  CHECK(hooks::link_of(attach_type::flow_dissector) == link_type::netns);
  CHECK(hooks::link_of(attach_type::xdp) == link_type::xdp);
  CHECK(hooks::link_of(attach_type::trace_iter) == link_type::iterator);
  CHECK(hooks::link_of(attach_type::trace_uprobe_multi) == link_type::uprobe_multi);
  CHECK(hooks::link_of(attach_type::perf_event) == link_type::perf_event);
  CHECK(hooks::programs_of(link_type::raw_tracepoint, 0).size() == 2);
}
