// SPDX-License-Identifier: MIT
#include "kernel/tracepoint_ids.hpp"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "support/catch.hpp"

namespace bpflink::kernel {

namespace {

std::uint32_t recall(const std::string& category, const std::string& name) {
  return remembered_tracepoint_id(category.c_str(), name.c_str());
}

}  // namespace

TEST_CASE("tracepoint ids: what was remembered is found by its names, wherever they are", "[tracepoint_ids]") {
  CHECK(recall("unit", "first") == 0);
  remember_tracepoint_id({"unit", "first"}, 100001);
  CHECK(recall("unit", "first") == 100001);
  CHECK(recall("unit", "first") == 100001);
  CHECK(recall("uni", "tfirst") == 0);
  CHECK(recall("unit", "firs") == 0);
  CHECK(recall("unit", "") == 0);
  CHECK(recall("", "") == 0);

  // At the same address there may be another name now.
  std::string name = "first";
  CHECK(remembered_tracepoint_id("unit", name.c_str()) == 100001);
  name[0] = 'F';
  CHECK(remembered_tracepoint_id("unit", name.c_str()) == 0);
  name[0] = 'f';
  CHECK(remembered_tracepoint_id("unit", name.c_str()) == 100001);
}

TEST_CASE("tracepoint ids: a number that changes hands is remembered once", "[tracepoint_ids]") {
  remember_tracepoint_id({"unit", "before"}, 100002);
  remember_tracepoint_id({"unit", "after"}, 100002);
  CHECK(recall("unit", "before") == 0);
  CHECK(recall("unit", "after") == 100002);
  remember_tracepoint_id({"unit", "before"}, 100003);
  CHECK(recall("unit", "before") == 100003);
  remember_tracepoint_id({"unit", "before"}, 100004);
  CHECK(recall("unit", "before") == 100004);
  CHECK(recall("unit", "after") == 100002);
}

TEST_CASE("tracepoint ids: what people make and delete is not remembered", "[tracepoint_ids]") {
  for (const std::string category : {"kprobes", "uprobes", "synthetic", "eprobes", "fprobes", "tracepoints"}) {
    remember_tracepoint_id({category, "made"}, 100005);
    CHECK(recall(category, "made") == 0);
  }
}

TEST_CASE("tracepoint ids: names of any length do no harm", "[tracepoint_ids]") {
  for (const std::size_t length : {1U, 60U, 110U, 116U, 117U, 118U, 119U, 120U, 121U, 122U, 250U, 5000U}) {
    INFO(length);
    const std::string name(length, 'n');
    remember_tracepoint_id({"unit", name}, 100100 + static_cast<std::uint32_t>(length));
    const auto number = recall("unit", name);
    CHECK((number == 0 || number == 100100 + length));
    if (length <= 110) CHECK(number != 0);
    CHECK(recall("unit", name + "n") == 0);
    CHECK(recall("unitn", name.substr(1)) == 0);
  }
}

TEST_CASE("tracepoint ids: more than there is room for are forgotten, and none is mistaken", "[tracepoint_ids]") {
  std::atomic<int> mistaken{0};
  std::atomic<int> found{0};
  const auto work = [&](std::uint32_t thread) {
    for (std::uint32_t nth = 0; nth < 500; ++nth) {
      const auto name = "name_" + std::to_string((nth * 7 + thread) % 500);
      const auto expected = 200000 + (nth * 7 + thread) % 500;
      const auto before = recall("unit", name);
      if (before != 0 && before != expected) ++mistaken;
      remember_tracepoint_id({"unit", name}, expected);
      const auto after = recall("unit", name);
      if (after != 0 && after != expected) ++mistaken;
      if (after != 0) ++found;
    }
  };
  std::vector<std::thread> threads;
  for (std::uint32_t thread = 0; thread < 4; ++thread) threads.emplace_back(work, thread);
  for (auto& thread : threads) thread.join();
  CHECK(mistaken == 0);
  CHECK(found > 200);
}

TEST_CASE("tracefs: only single components go into paths", "[tracepoint_ids]") {
  CHECK(is_plain("sched"));
  CHECK(is_plain("..."));
  CHECK(is_plain(std::string(255, 'x')));
  for (const std::string_view wrong : {"", ".", "..", "a/b", "/", "sched/", "../sched"}) {
    INFO(wrong);
    CHECK_FALSE(is_plain(wrong));
  }
  CHECK_FALSE(is_plain(std::string_view{"a\0b", 3}));
  CHECK_FALSE(is_plain(std::string(256, 'x')));

  CHECK(tracefs_path_of("/t", {"sched", "sched_switch"}, "id") == "/t/events/sched/sched_switch/id");
  CHECK(tracefs_path_of("/t", {"sched", ""}, "") == "/t/events/sched");
  CHECK(tracefs_path_of("/t", {}, {}) == "/t/events");
  CHECK(tracefs_path_of(std::string(2000, 'x'), {"sched", ""}, "").empty());
  const auto longest = tracefs_path_size - 1 - std::string_view{"/events"}.size();
  CHECK(tracefs_path_of(std::string(longest, 'x'), {}, {}).view().size() == tracefs_path_size - 1);
  CHECK(tracefs_path_of(std::string(longest + 1, 'x'), {}, {}).empty());
}

}  // namespace bpflink::kernel
