// SPDX-License-Identifier: MIT
#include "bpflink/attach/uprobe_multi.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "bpflink/features.hpp"
#include "bpflink/info.hpp"
#include "child_helpers.hpp"
#include "support/alloc_counter.hpp"
#include "support/catch.hpp"
#include "support/privileges.hpp"
#include "support/syscall_supervisor.hpp"
#include "uprobe_helpers.hpp"

namespace bpflink {

namespace {

constexpr const char* this_program = "/proc/self/exe";

test::counted_program load_uprobe(const std::string& name = "bpflink_test") {
  return test::load_counted(test::prog_type::kprobe, test::attach_type::trace_uprobe_multi, 0, name);
}

std::array<std::uint64_t, 2> both_targets() {
  return {test::offset_of(test::first_target), test::offset_of(test::second_target)};
}

void call_both() {
  CHECK(test::first_target(1, nullptr) == 2);
  CHECK(test::second_target(1, nullptr) == 3);
}

}  // namespace

TEST_CASE("uprobe multi: the program runs at each place until the link is closed", "[uprobe_multi]") {
  SKIP_IF(test::needs_root());
  if (lacks_uprobe_multi()) return;
  const auto program = load_uprobe();
  const auto offsets = both_targets();
  call_both();
  CHECK(program.runs() == 0);
  auto link = attach({.path = this_program, .offsets = offsets, .program = borrow(program)});
  REQUIRE(sentence(link) == "");
  CHECK(link->mechanism() == mechanism::link);
  call_both();
  CHECK(program.runs() == 2);
  test::first_target(1, nullptr);
  CHECK(program.runs() == 3);
  CHECK(sentence(link->close()) == "");
  CHECK_FALSE(*link);
  call_both();
  CHECK(program.runs() == 3);
}

TEST_CASE("uprobe multi: a place that is given twice has the program run twice", "[uprobe_multi]") {
  SKIP_IF(test::needs_root());
  if (lacks_uprobe_multi()) return;
  const auto program = load_uprobe();
  const auto offset = test::offset_of(test::first_target);
  const auto link = attach({.path = this_program, .offsets = std::array{offset, offset}, .program = borrow(program)});
  REQUIRE(sentence(link) == "");
  call_both();
  CHECK(program.runs() == 2);
}

TEST_CASE("uprobe multi: the program reads the cookie of each place", "[uprobe_multi]") {
  SKIP_IF(test::needs_root());
  if (lacks_uprobe_multi()) return;
  const auto map = test::counter_map(2);
  const auto program = test::load({.type = test::prog_type::kprobe,
                                   .code = test::record_cookie(map.get()),
                                   .expected_attach_type = test::attach_type::trace_uprobe_multi});
  const auto offsets = both_targets();
  const std::array cookies{cookie{0xfeed'0000'0000'0001}, cookie{2}};
  const auto link = attach({.path = this_program, .offsets = offsets, .program = borrow(program), .cookies = cookies});
  REQUIRE(sentence(link) == "");
  test::first_target(1, nullptr);
  CHECK(test::counter(map.get(), 1) == cookies[0].value());
  test::second_target(1, nullptr);
  CHECK(test::counter(map.get(), 1) == cookies[1].value());
}

TEST_CASE("uprobe multi: at the return the function has done its work", "[uprobe_multi]") {
  SKIP_IF(test::needs_root());
  if (lacks_uprobe_multi()) return;
  static std::uint64_t runs_inside = 0;
  static const test::counted_program* observed = nullptr;
  const auto program = load_uprobe();
  observed = &program;
  const auto observe = [] { runs_inside = observed->runs(); };
  const auto offset = test::offset_of(test::first_target);
  for (const bool on_return : {false, true}) {
    INFO(on_return);
    const auto before = program.runs();
    const auto link =
        attach({.path = this_program, .offsets = {&offset, 1}, .program = borrow(program), .on_return = on_return});
    REQUIRE(sentence(link) == "");
    CHECK(test::first_target(1, observe) == 2);
    CHECK(runs_inside == before + (on_return ? 0 : 1));
    CHECK(program.runs() == before + 1);
  }
}

TEST_CASE("uprobe multi: a semaphore is above zero as long as the link is", "[uprobe_multi]") {
  SKIP_IF(test::needs_root());
  if (lacks_uprobe_multi()) return;
  const auto program = load_uprobe();
  const auto offsets = both_targets();
  const std::array semaphores{test::offset_of_semaphore(), std::uint64_t{0}};
  CHECK(test::semaphore() == 0);
  auto link =
      attach({.path = this_program, .offsets = offsets, .program = borrow(program), .semaphore_offsets = semaphores});
  REQUIRE(sentence(link) == "");
  CHECK(test::semaphore() == 1);
  CHECK(sentence(link->close()) == "");
  CHECK(test::semaphore() == 0);
}

TEST_CASE("uprobe multi: for one process the program runs in no other", "[uprobe_multi]") {
  SKIP_IF(test::needs_root());
  if (lacks_uprobe_multi()) return;
  const auto program = load_uprobe();
  const auto offset = test::offset_of(test::first_target);
  const auto link = attach({.path = this_program,
                            .offsets = {&offset, 1},
                            .program = borrow(program),
                            .process = process_id{static_cast<std::uint32_t>(::getpid())}});
  REQUIRE(sentence(link) == "");
  CHECK(test::in_child([] { expect_equal(test::first_target(1, nullptr), 2); }).failure() == "");
  CHECK(program.runs() == 0);
  test::first_target(1, nullptr);
  CHECK(program.runs() == 1);

  std::thread([] { test::first_target(1, nullptr); }).join();
  const bool whole_process = test::at_least(6, 10);
  CHECK((probe(feature::uprobe_multi_process) == availability::yes) == whole_process);
  CHECK(program.runs() == (whole_process ? 2 : 1));
}

TEST_CASE("uprobe multi: a link tells its file and places", "[uprobe_multi]") {
  SKIP_IF(test::needs_root());
  if (lacks_uprobe_multi()) return;
  const auto program = load_uprobe();
  const auto offsets = both_targets();
  const std::array cookies{cookie{7}, cookie{8}};
  const std::array semaphores{std::uint64_t{0}, test::offset_of_semaphore()};
  const auto self = static_cast<std::uint32_t>(::getpid());
  const auto link = attach({.path = this_program,
                            .offsets = offsets,
                            .program = borrow(program),
                            .cookies = cookies,
                            .semaphore_offsets = semaphores,
                            .on_return = true,
                            .process = process_id{self}});
  REQUIRE(sentence(link) == "");
  const auto info = link->info();
  REQUIRE(sentence(info) == "");
  CHECK(info->type == link_type::uprobe_multi);
  CHECK(info->program == program_id{test::program_id(program.get())});
  const auto& details = std::get<uprobe_multi_info>(info->details);
  if (!test::at_least(6, 8)) {
    CHECK_FALSE(details.places);
    return;
  }
  std::array<char, PATH_MAX> path{};
  REQUIRE(::readlink(this_program, path.data(), path.size() - 1) > 0);
  CHECK(details.path == path.data());
  CHECK(details.pid == self);
  CHECK(details.on_return);
  REQUIRE(details.places);
  CHECK(*details.places == std::vector<uprobe_multi_place>{{offsets[0], semaphores[0], cookies[0]},
                                                           {offsets[1], semaphores[1], cookies[1]}});

  const auto plain = attach({.path = this_program, .offsets = {offsets.data(), 1}, .program = borrow(program)});
  REQUIRE(sentence(plain) == "");
  const auto plain_info = plain->info();
  REQUIRE(sentence(plain_info) == "");
  const auto& plainly = std::get<uprobe_multi_info>(plain_info->details);
  CHECK(plainly.pid == 0);
  CHECK_FALSE(plainly.on_return);
  CHECK(plainly.places == std::vector<uprobe_multi_place>{{offsets[0], 0, cookie{0}}});
}

namespace {

// What Linux 6.6 answers, whose struct bpf_link_info ends after 48 bytes: it fills the header, and nothing for this
// kind.
test::verdict answer_like_6_6(const test::observed_call& call) {
  constexpr std::size_t known = 48;
  constexpr std::uint32_t header = 16;
  if (call.command() != test::command::obj_get_info_by_fd) return test::verdict::proceed();
  auto* const attr = reinterpret_cast<std::byte*>(static_cast<std::uintptr_t>(call.arguments[1]));
  std::uint32_t size = 0;
  std::uint64_t info = 0;
  std::memcpy(&size, attr + 4, sizeof size);
  std::memcpy(&info, attr + 8, sizeof info);
  const auto* const bytes = reinterpret_cast<const std::byte*>(static_cast<std::uintptr_t>(info));
  for (std::size_t at = known; at < size; ++at) {
    if (bytes[at] != std::byte{0}) return test::verdict::fail(E2BIG);
  }
  std::array<std::byte, 16> request{};
  std::memcpy(request.data(), attr, request.size());
  std::memcpy(request.data() + 4, &header, sizeof header);
  const long result = ::syscall(SYS_bpf, test::command::obj_get_info_by_fd, request.data(), request.size());
  return result < 0 ? test::verdict::fail(errno) : test::verdict::give(result);
}

// What the kernel answers where the path is longer than PATH_MAX.
test::verdict refuse_path(const test::observed_call& call) {
  constexpr std::size_t path_size = 48;
  if (call.command() != test::command::obj_get_info_by_fd) return test::verdict::proceed();
  const auto info = call.at<std::uint64_t>(8);
  std::uint32_t room = 0;
  std::memcpy(&room, reinterpret_cast<const std::byte*>(static_cast<std::uintptr_t>(info)) + path_size, sizeof room);
  return room != 0 ? test::verdict::fail(ENAMETOOLONG) : test::verdict::proceed();
}

}  // namespace

TEST_CASE("uprobe multi: a kernel that tells nothing of the places is not misread", "[uprobe_multi]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  if (lacks_uprobe_multi()) return;
  const auto result = test::in_child([] {
    const auto program = load_uprobe();
    const auto offsets = both_targets();
    const auto link = must(attach({.path = this_program, .offsets = offsets, .program = borrow(program)}));
    test::syscall_supervisor supervisor({SYS_bpf});
    static_cast<void>(supervisor.with_handler(answer_like_6_6, [&] {
      const auto info = must(link.info());
      expect(info.type == link_type::uprobe_multi);
      expect(!std::get<uprobe_multi_info>(info.details).places);
    }));
  });
  CHECK(result.failure() == "");
}

TEST_CASE("uprobe multi: where the file's path is too long to be told, the places are", "[uprobe_multi]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  if (lacks_uprobe_multi()) return;
  if (!test::at_least(6, 8)) return;
  const auto result = test::in_child([] {
    const auto program = load_uprobe();
    const auto offsets = both_targets();
    const std::array cookies{cookie{7}, cookie{8}};
    const auto link =
        must(attach({.path = this_program, .offsets = offsets, .program = borrow(program), .cookies = cookies}));
    test::syscall_supervisor supervisor({SYS_bpf});
    static_cast<void>(supervisor.with_handler(refuse_path, [&] {
      const auto info = must(link.info());
      const auto& details = std::get<uprobe_multi_info>(info.details);
      expect(details.path.empty(), details.path);
      expect(
          details.places == std::vector<uprobe_multi_place>{{offsets[0], 0, cookies[0]}, {offsets[1], 0, cookies[1]}},
          "the places");
      expect(info.program == program_id{test::program_id(program.get())}, "the program");
    }));
  });
  CHECK(result.failure() == "");
}

TEST_CASE("uprobe multi: an attach is one system call and no allocation", "[uprobe_multi]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  if (lacks_uprobe_multi()) return;
  const auto result = test::in_child([] {
    const auto program = load_uprobe();
    const auto offsets = both_targets();
    const std::array cookies{cookie{7}, cookie{8}};
    const uprobe_multi_options options{
        .path = this_program, .offsets = offsets, .program = borrow(program), .cookies = cookies};
    test::syscall_supervisor supervisor;
    const auto calls = supervisor.record_calls([&] { static_cast<void>(must(attach(options)).close()); });
    expect_equal(test::names(calls), "bpf(28) close");
    const auto allocated = test::allocations([&] { expect(attach(options).has_value()); });
    expect_equal(static_cast<std::int64_t>(allocated.value_or(0)), 0, "allocations");
  });
  CHECK(result.failure() == "");
}

}  // namespace bpflink
