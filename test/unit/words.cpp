// SPDX-License-Identifier: MIT
#include <cerrno>
#include <cstring>
#include <set>
#include <string>
#include <string_view>

#include "bpflink/error.hpp"
#include "bpflink/features.hpp"
#include "bpflink/info.hpp"
#include "bpflink/mechanism.hpp"
#include "support/catch.hpp"

using namespace bpflink;

namespace {

// Every word from the first enumerator to the last is there, and none twice.
template <class Enumeration>
void check_distinct(Enumeration first, Enumeration last) {
  std::set<std::string_view> seen;
  for (auto value = static_cast<unsigned>(first); value <= static_cast<unsigned>(last); ++value) {
    const auto word = to_string(static_cast<Enumeration>(value));
    INFO(value << " " << word);
    CHECK_FALSE(word.empty());
    CHECK(seen.insert(word).second);
  }
  const auto beyond = to_string(static_cast<Enumeration>(static_cast<unsigned>(last) + 1));
  CHECK((beyond == "unknown" || seen.count(beyond) != 0));
}

}  // namespace

TEST_CASE("words: every enumerator has its own", "[words]") {
  check_distinct(errc::not_supported, errc::system);
  check_distinct(cause::unknown, cause::no_descriptors);
  check_distinct(operation::none, operation::make_thread);
  check_distinct(mechanism::none, mechanism::map_update);
  check_distinct(mechanism_choice::best, mechanism_choice::link_only);
  check_distinct(feature::prog_attach, static_cast<feature>(feature_count - 1));
  check_distinct(availability::yes, availability::unknown);
  check_distinct(cgroup_order::self, cgroup_order::ancestors_up);
  check_distinct(perf_event_kind::unspecified, perf_event_kind::event);
}

TEST_CASE("words: they are the enumerators' names", "[words]") {
  CHECK(to_string(errc::not_supported) == "not_supported");
  CHECK(to_string(errc::system) == "system");
  CHECK(to_string(cause::wrong_program_type) == "wrong_program_type");
  CHECK(to_string(cause::no_descriptors) == "no_descriptors");
  CHECK(to_string(operation::link_create) == "BPF_LINK_CREATE");
  CHECK(to_string(operation::perf_event_open) == "perf_event_open");
  CHECK(to_string(operation::set_limit) == "setrlimit");
  CHECK(to_string(mechanism::link) == "link");
  CHECK(to_string(mechanism::perf_event) == "perf_event");
  CHECK(to_string(mechanism_choice::link_only) == "link_only");
  CHECK(to_string(feature::cgroup_order) == "cgroup_order");
  CHECK(to_string(availability::forbidden) == "forbidden");
  CHECK(to_string(cgroup_order::descendants_pre) == "descendants_pre");
  CHECK(to_string(perf_event_kind::kretprobe) == "kretprobe");
}

TEST_CASE("words: bpf commands read as the kernel writes them", "[words]") {
  for (auto value = static_cast<unsigned>(operation::prog_load); value <= static_cast<unsigned>(operation::map_update);
       ++value) {
    CHECK(to_string(static_cast<operation>(value)).starts_with("BPF_"));
  }
}

TEST_CASE("errno_name: has every errno of this machine", "[words]") {
  CHECK(errno_name(EINVAL) == "EINVAL");
  CHECK(errno_name(ENOTSUP) == "EOPNOTSUPP");
  CHECK(errno_name(EWOULDBLOCK) == "EAGAIN");
  CHECK(errno_name(EDEADLOCK) == "EDEADLK");
  CHECK(errno_name(524) == "ENOTSUPP");
  CHECK(errno_name(0).empty());
  CHECK(errno_name(-EINVAL).empty());
  CHECK(errno_name(4095).empty());
  std::set<std::string_view> seen;
  for (int number = 1; number < 200; ++number) {
    const auto name = errno_name(number);
    INFO("errno " << number);
    // The C library knows which numbers there are.
    const bool unknown = std::string_view(std::strerror(number)).starts_with("Unknown error");
    CHECK(name.empty() == unknown);
    if (unknown) continue;
    CHECK(name.starts_with('E'));
    CHECK(seen.insert(name).second);
#ifdef __GLIBC__
#if __GLIBC_PREREQ(2, 32)
    CHECK(name == ::strerrorname_np(number));
#endif
#endif
  }
}

TEST_CASE("features: each says what it is and since when", "[words]") {
  std::set<std::string_view> descriptions;
  for (std::size_t index = 0; index < feature_count; ++index) {
    const auto what = static_cast<feature>(index);
    INFO(to_string(what));
    CHECK_FALSE(description(what).empty());
    CHECK(descriptions.insert(description(what)).second);
    CHECK(since(what) >= kernel_version{4, 4});
    CHECK(since(what) < kernel_version{7, 0});
  }
  CHECK(since(feature::bpf_link) == kernel_version{5, 7});
  CHECK(since(feature::cgroup_order) == kernel_version{6, 17});
  CHECK(kernel_version{5, 10} > kernel_version{5, 9});
  CHECK(kernel_version{6, 0} > kernel_version{5, 19});
}
