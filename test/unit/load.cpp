// SPDX-License-Identifier: MIT
#include "bpflink/load.hpp"

#include <array>
#include <string>

#include "kernel/release.hpp"
#include "load/call.hpp"
#include "load/program_flags.hpp"
#include "load/types.hpp"
#include "load/validate.hpp"
#include "support/catch.hpp"

namespace bpflink {

namespace {

constexpr std::array<instruction, 2> nothing{instruction{0xb7, 0, 0, 0}, instruction{0x95, 0, 0, 0}};

program_options xdp_program() { return {.type = program_type::xdp, .instructions = nothing}; }

// Code, cause and reason of what is wrong; "" where nothing is.
std::string wrong(const program_options& options) {
  const auto why = loading::wrong_options(options);
  if (!why) return {};
  return std::string{to_string(why->code)} + ": " + std::string{why->reason.view()};
}

}  // namespace

TEST_CASE("load: options are checked without the kernel", "[load]") {
  auto options = xdp_program();
  CHECK(wrong(options).empty());
  options.instructions = std::array<instruction, 0>{};
  CHECK(wrong(options) == "invalid_argument: there are no instructions");

  options = xdp_program();
  options.name = "fifteen_bytes_1";
  CHECK(wrong(options).empty());
  options.name = "with.dot_and_0";
  CHECK(wrong(options).empty());
  options.name = "sixteen_bytes_1x";
  CHECK(wrong(options) == "invalid_argument: the name has 16 bytes; the kernel takes 15");
  for (const std::string_view bad : {"a b", "a-b", "a/b", "\xc3\xa4"}) {
    options.name = bad;
    CHECK(wrong(options) == "invalid_argument: the name has a character that is no letter, digit, '_' or '.'");
  }

  options = xdp_program();
  options.btf = fd_ref{9};
  CHECK(wrong(options) == "invalid_argument: BTF is given without saying which functions of it the program has");
  const std::array<function_info, 1> functions{};
  options.functions = functions;
  CHECK(wrong(options).empty());
  options.btf = {};
  CHECK(wrong(options) == "invalid_argument: functions are given without the BTF that has their types");
}

TEST_CASE("load: a target that the type does not have, or needs, is refused", "[load]") {
  auto options = xdp_program();
  options.target = load_target::name("task");
  CHECK(wrong(options) == "invalid_argument: a target is given, and xdp programs have none when they are loaded");

  options = {.type = program_type::tracing, .instructions = nothing, .expected_attach_type = attach_type::trace_iter};
  CHECK(wrong(options) ==
        "invalid_argument: tracing programs attach to a target that is chosen when they are loaded, and none is given");
  for (const auto& target : {load_target::name("task"), load_target::name_in_module("m", "task"), load_target::id(1),
                             load_target::id_in_btf(fd_ref{9}, 1), load_target::id_in_program(fd_ref{9}, 1),
                             load_target::name_in_program(fd_ref{9}, "f")}) {
    options.target = target;
    CHECK(wrong(options).empty());
  }
  options.target = load_target::name("");
  CHECK(wrong(options) == "invalid_argument: the target's name is empty");
  options.target = load_target::name_in_module("", "task");
  CHECK(wrong(options) == "invalid_argument: the module's name is empty");
  options.target = load_target::id(0);
  CHECK(wrong(options) == "invalid_argument: 0 is no BTF type id");
  options.target = load_target::id_in_btf(fd_ref{}, 1);
  CHECK(wrong(options) == "bad_handle: the handle of the target's BTF is empty");
  options.target = load_target::name_in_program(fd_ref{}, "f");
  CHECK(wrong(options) == "bad_handle: the handle of the target's program is empty");

  options.target = load_target::name("task");
  options.expected_attach_type = {};
  CHECK(wrong(options) ==
        "invalid_argument: which kind of target 'task' is depends on the expected attach type, and none is given");
  options.expected_attach_type = attach_type::xdp;
  CHECK(wrong(options) ==
        "invalid_argument: which kind of target 'task' is depends on the expected attach type, and this one has no "
        "targets with names");
  options.type = program_type::ext;
  CHECK(wrong(options) == "invalid_argument: an extension replaces a function of another program, not of the kernel");
  options.type = program_type::struct_ops;
  CHECK(wrong(options).empty());
}

TEST_CASE("load: the flags are the kernel's", "[load]") {
  auto options = xdp_program();
  CHECK(loading::program_flags(options) == 0);
  options.strict_alignment = true;
  CHECK(loading::program_flags(options) == 1U);
  options.sleepable = true;
  CHECK(loading::program_flags(options) == 0x11U);
  options.xdp_fragments = true;
  CHECK(loading::program_flags(options) == 0x31U);
}

TEST_CASE("load: every program type has its row", "[load]") {
  for (auto number = 1U; number <= static_cast<unsigned>(program_type::netfilter); ++number) {
    const auto* const facts = loading::facts_of(static_cast<program_type>(number));
    REQUIRE(facts != nullptr);
    CHECK(static_cast<unsigned>(facts->type) == number);
  }
  CHECK(loading::facts_of(program_type::unspecified) == nullptr);
  CHECK(loading::facts_of(static_cast<program_type>(1000)) == nullptr);
}

TEST_CASE("load: the last words of a log are the last line about the program", "[load]") {
  const auto words = [](std::string_view text) { return std::string{loading::log{text}.last_words()}; };
  CHECK(words("") == "");
  CHECK(words("\n \n") == "");
  CHECK(words("0: (b7) r0 = 0\nR1 !read_ok\nprocessed 2 insns (limit 1000000) max_states_per_insn 0\n") ==
        "R1 !read_ok");
  CHECK(words("only line") == "only line");
  CHECK(words("first\n  indented\t\n\nverification time 22 usec\nstack depth 0\nprocessed 1 insns") == "indented");
  CHECK(words("processed 0 insns (limit 1000000) max_states_per_insn 0 total_states 0\n") == "");
  CHECK_FALSE(loading::log{"processed 0 insns\n"}.explains());
}

TEST_CASE("load: the version that old kernels were built with", "[load]") {
  using kernel::version_code_in;
  const auto code = [](std::uint32_t major, std::uint32_t minor, std::uint32_t patch) {
    return (major << 16U) + (minor << 8U) + patch;
  };
  CHECK(version_code_in("4.14.3", "#1 SMP", "") == code(4, 14, 3));
  CHECK(version_code_in("4.9.337-rt", "#1 SMP", "") == code(4, 9, 255));
  CHECK(version_code_in("4.19.0-27-amd64", "#1 SMP Debian 4.19.316-1 (2024-06-25)", "") == code(4, 19, 255));
  CHECK(version_code_in("4.9.0-13-amd64", "#1 SMP Debian 4.9.228-1 (2020-07-05)", "") == code(4, 9, 228));
  CHECK(version_code_in("4.15.0-20-generic", "#21-Ubuntu SMP", "Ubuntu 4.15.0-20.21-generic 4.15.17\n") ==
        code(4, 15, 17));
  CHECK(version_code_in("4.4", "", "") == code(4, 4, 0));
  CHECK(version_code_in("", "", "") == 0);
  CHECK(version_code_in("unknown", "", "") == 0);
}

}  // namespace bpflink
