// SPDX-License-Identifier: MIT
#include "explain/names.hpp"

#include <array>
#include <string>
#include <string_view>

#include "support/alloc_counter.hpp"
#include "support/catch.hpp"

namespace bpflink::explain {

namespace {

constexpr std::array<std::string_view, 8> tracepoints{"sched_switch",       "sched_wakeup", "sched_wakeup_new",
                                                      "sched_waking",       "sys_enter",    "sys_exit",
                                                      "sched_migrate_task", "net_dev_xmit"};

std::string hint_for(std::string_view wanted) { return std::string{nearest(wanted, tracepoints).hint().view()}; }

}  // namespace

TEST_CASE("names: the distance counts letters put in, left out, changed and swapped", "[names]") {
  CHECK(distance("", "", 4) == 0);
  CHECK(distance("task", "task", 4) == 0);
  CHECK(distance("task", "tasks", 4) == 1);
  CHECK(distance("tasks", "task", 4) == 1);
  CHECK(distance("task", "mask", 4) == 1);
  CHECK(distance("task", "tsak", 4) == 1);
  CHECK(distance("sched_switch", "shced_swich", 4) == 2);
  CHECK(distance("kitten", "sitting", 4) == 3);
  CHECK(distance("", "abc", 4) == 3);
  CHECK(distance("Sched-Switch", "sched_switch", 4) == 0);
}

TEST_CASE("names: beyond the bound the distance is bound + 1", "[names]") {
  CHECK(distance("kitten", "sitting", 2) == 3);
  CHECK(distance("abcdefgh", "ijklmnop", 3) == 4);
  CHECK(distance("a", "abcdefgh", 3) == 4);
  CHECK(distance("ab", "ba", 0) == 1);
  CHECK(distance("abcdef", "badcfe", 3) == 3);
  CHECK(distance("abcdef", "badcfe", 2) == 3);
  const std::string longest(127, 'x');
  CHECK(distance(longest, longest, 4) == 0);
  CHECK(distance(longest, longest.substr(4), 4) == 4);
  CHECK(distance(longest + "x", longest, 4) == 5);
}

TEST_CASE("names: the nearest come first, up to three of them", "[names]") {
  CHECK(hint_for("sched_swich") == "a near name is sched_switch");
  CHECK(nearest("sched_swich", tracepoints).best() == "sched_switch");
  CHECK(hint_for("sys_entre") == "a near name is sys_enter");
  CHECK(hint_for("sched_wakup_new") == "a near name is sched_wakeup_new");
  CHECK(hint_for("sched_wak") == "near names are sched_wakeup, sched_waking and sched_wakeup_new");
  CHECK(hint_for("sched_") == "near names are sched_switch, sched_wakeup and sched_waking");
  CHECK(hint_for("SYS_EXIT") == "a near name is sys_exit");
}

TEST_CASE("names: a name that is a part of another is near", "[names]") {
  CHECK(hint_for("switch") == "a near name is sched_switch");
  CHECK(hint_for("migrate") == "a near name is sched_migrate_task");
  CHECK(hint_for("sys_enter_openat") == "a near name is sys_enter");
  // Too short to mean one.
  CHECK(hint_for("net") == "");
}

TEST_CASE("names: where nothing is near there is no hint", "[names]") {
  CHECK(hint_for("bpflink") == "");
  CHECK(hint_for("") == "");
  CHECK(hint_for(std::string(500, 's')) == "");
  CHECK_FALSE(nearest("bpflink", tracepoints).found());
  CHECK(nearest("bpflink", tracepoints).best() == "");
  nearest_names none{"sched_switch"};
  none.offer("");
  none.offer(std::string(500, 's'));
  CHECK_FALSE(none.found());
}

TEST_CASE("names: what is offered twice is told once", "[names]") {
  nearest_names near{"sys_ente"};
  for (int times = 0; times < 3; ++times) near.offer("sys_enter");
  CHECK(near.hint().view() == "a near name is sys_enter");
}

TEST_CASE("names: nothing is allocated", "[names]") {
  const auto count = test::allocations([] { static_cast<void>(nearest("sched_swich", tracepoints).hint()); });
  CHECK(count.value_or(0) == 0);
}

}  // namespace bpflink::explain
