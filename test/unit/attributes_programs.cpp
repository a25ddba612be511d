// SPDX-License-Identifier: MIT
#include <fcntl.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "attributes.hpp"
#include "bpflink/attach/cgroup.hpp"
#include "bpflink/load.hpp"
#include "bpflink/program.hpp"
#include "support/catch.hpp"
#include "support/constants.hpp"

using namespace bpflink::test;
using bpflink::fd_ref;
using bpflink::instruction;

// Offsets and sizes are those of union bpf_attr in the kernel's header.
namespace {

constexpr instruction return_one[] = {{.code = 0xb7, .immediate = 1}, {.code = 0x95}};

attribute load(std::uint32_t type, const void* instructions, const void* license) {
  return attribute(command::prog_load, 120).u32(0, type).u32(4, 2).pointer(8, instructions).pointer(16, license);
}

}  // namespace

TEST_CASE("attributes: loading a program", "[attributes]") {
  SKIP_IF(needs_supervisor());
  const auto child = in_child([] {
    false_kernel kernel;
    const char* const license = "GPL";
    bpflink::program_options options{
        .type = bpflink::program_type::cgroup_skb, .instructions = return_one, .license = license};
    const auto loads = [&] { expect(bpflink::program::load(options).has_value(), "not loaded"); };
    kernel.expect_calls(loads, {load(8, return_one, license)});

    options.name = "fifteen_bytes_x";
    options.expected_attach_type = bpflink::attach_type::cgroup_inet_egress;
    options.strict_alignment = true;
    kernel.expect_calls(loads, {load(8, return_one, license).u32(44, 1).text(48, "fifteen_bytes_x").u32(68, 1)});

    // A target by its number, in the kernel, in a module's BTF, in a program.
    options = {.type = bpflink::program_type::tracing, .instructions = return_one, .license = license};
    options.expected_attach_type = bpflink::attach_type::trace_fentry;
    options.sleepable = true;
    options.target = bpflink::load_target::id(4711);
    kernel.expect_calls(loads, {load(26, return_one, license).u32(44, 16).u32(68, 24).u32(108, 4711)});
    options.sleepable = false;
    options.target = bpflink::load_target::id_in_btf(fd_ref{1001}, 4711);
    kernel.expect_calls(loads, {load(26, return_one, license).u32(68, 24).u32(108, 4711).u32(112, 1001)});
    options.target = bpflink::load_target::id_in_program(fd_ref{1002}, 4711);
    kernel.expect_calls(loads, {load(26, return_one, license).u32(68, 24).u32(108, 4711).u32(112, 1002)});

    // BTF of the program's own, with what its functions are.
    const std::array functions{bpflink::function_info{0, 12}};
    options = {.type = bpflink::program_type::xdp, .instructions = return_one, .license = license};
    options.xdp_fragments = true;
    options.btf = fd_ref{1003};
    options.functions = functions;
    kernel.expect_calls(
        loads,
        {load(6, return_one, license).u32(44, 32).u32(72, 1003).u32(76, 8).pointer(80, functions.data()).u32(88, 1)});
  });
  CHECK(child.failure() == "");
}

TEST_CASE("attributes: programs that exist already", "[attributes]") {
  SKIP_IF(needs_supervisor());
  const auto child = in_child([] {
    false_kernel kernel;
    kernel.show_as("bpf-prog");
    const char* const path = "/sys/fs/bpf/filter";
    const auto opens = [&kernel](const auto& open, const attribute& expected) {
      kernel.expect_calls([&open] { expect(open().has_value(), "not opened"); }, {expected});
    };
    opens([path] { return bpflink::program::open_pinned(path); }, attribute(command::obj_get, 16).pointer(0, path));
    opens([] { return bpflink::program::from_id(bpflink::program_id{255}); },
          attribute(command::prog_get_fd_by_id, 12).u32(0, 255));

    std::optional<bpflink::expected<bpflink::program>> made;
    static_cast<void>(kernel.calls([&] { made.emplace(bpflink::program::open_pinned(path)); }));
    const auto& program = *made;
    expect(program.has_value(), "not opened");
    const auto number = static_cast<std::uint64_t>(program->fd().get());
    kernel.expect_calls([&] { expect(program->pin(path).has_value()); },
                        {attribute(command::obj_pin, 16).pointer(0, path).u32(8, number)});

    kernel.inform([](std::byte* info, std::uint32_t size) {
      const std::uint32_t type_and_id[] = {prog_type::xdp, 255};
      std::memcpy(info, type_and_id, sizeof type_and_id);
      std::memcpy(info + 64, "filter", 6);
      // Behind its end there is nothing.
      if (size != 232) std::memset(info, 0, 8);
    });
    kernel.expect_calls(
        [&] {
          const auto info = program->info();
          expect(info.has_value());
          expect(info->id == bpflink::program_id{255}, "id");
          expect(info->type == bpflink::program_type::xdp, "type");
          expect(info->name == "filter", "name");
        },
        {attribute(command::obj_get_info_by_fd, 16).u32(0, number).u32(4, 232).any(8)});
  });
  CHECK(child.failure() == "");
}

TEST_CASE("attributes: a cgroup hook on kernels without links", "[attributes]") {
  SKIP_IF(needs_supervisor());
  const auto child = in_child([] {
    false_kernel kernel;
    kernel.refuse(command::link_create, EINVAL);
    // The handle keeps descriptors of its own, of what has to be open for that.
    const auto null = bpflink::unique_fd::adopt(::open("/dev/null", O_RDWR | O_CLOEXEC));
    const auto made_of = [](const system_call& call, std::size_t size) {
      expect_equal(static_cast<std::int64_t>(call.arguments[2]), static_cast<std::int64_t>(size), "size");
      return call;
    };
    std::optional<bpflink::expected<bpflink::cgroup_link>> made;
    auto calls = kernel.calls([&] {
      made.emplace(
          attach(bpflink::cgroup_options{.cgroup = null, .hook = bpflink::cgroup_hook::inet_egress, .program = null}));
    });
    auto& link = *made;
    expect(link.has_value(), "not attached");
    expect(link->mechanism() == bpflink::mechanism::program_multi, "another mechanism");
    auto attached = made_of(calls.back(), 32);
    expect_equal(attached.command(), command::prog_attach, "the last call");
    const auto target = attached.at(0);
    const auto program = attached.at(4);
    expect(target != program && target > 2 && program > 2, "no descriptors of its own");
    const auto attach_attribute = [&](std::uint32_t flags) {
      return attribute(command::prog_attach, 32).u32(0, target).u32(8, 1).u32(12, flags);
    };
    auto expected = attach_attribute(2).u32(4, program);
    expect_equal(expected.words_of(attached.bytes), expected.words(), "the attribute");

    // Swapped in its place, by a single call.
    calls = kernel.calls([&] { expect(link->update(null).has_value(), "not updated"); });
    attached = made_of(calls.back(), 32);
    const auto next = attached.at(4);
    expect(next != program && next > 2, "no descriptor of its own");
    expected = attach_attribute(2 | 4).u32(4, next).u32(16, program);
    expect_equal(expected.words_of(attached.bytes), expected.words(), "the attribute of the update");

    kernel.expect_calls([&] { expect(link->close().has_value(), "not closed"); },
                        {attribute(command::prog_detach, 32).u32(0, target).u32(4, next).u32(8, 1)});
  });
  CHECK(child.failure() == "");
}
