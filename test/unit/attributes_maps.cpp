// SPDX-License-Identifier: MIT
#include <fcntl.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "attributes.hpp"
#include "bpflink/attach/sockmap.hpp"
#include "bpflink/attach/xdp_map.hpp"
#include "support/catch.hpp"
#include "support/constants.hpp"
#include "support/fd.hpp"

using namespace bpflink::test;
using bpflink::fd_ref;
using bpflink::program_ref;

// Offsets and sizes are those of union bpf_attr in the kernel's header.
namespace {

constexpr int program_number = 1001;
constexpr int target_number = 1003;

program_ref program() { return fd_ref{program_number}; }
fd_ref target() { return fd_ref{target_number}; }

constexpr bpflink::sockmap_hook hooks[] = {bpflink::sockmap_hook::stream_parser, bpflink::sockmap_hook::stream_verdict,
                                           bpflink::sockmap_hook::msg_verdict, bpflink::sockmap_hook::skb_verdict};

attribute asks(std::uint32_t type) {
  return attribute(command::prog_query, 64).u32(0, target_number).u32(4, type).any(16).u32(24, 64);
}
attribute creates(std::uint32_t type) {
  return attribute(command::link_create, 16).u32(0, program_number).u32(4, target_number).u32(8, type);
}

// What the kernel says of a map.
auto map_of(std::uint32_t type, std::uint32_t value_size) {
  return [type, value_size](std::byte* info, std::uint32_t size) {
    const std::array<std::uint32_t, 5> words{type, 17, 4, value_size, 8};
    std::memcpy(info, words.data(), std::min<std::size_t>(size, sizeof words));
  };
}
attribute asks_for_shape() {
  return attribute(command::obj_get_info_by_fd, 16).u32(0, target_number).u32(4, 48).any(8);
}
attribute element(std::uint32_t number) { return attribute(number, 32).u32(0, target_number).any(8).any(16); }

}  // namespace

TEST_CASE("attributes: sockmap hooks", "[attributes]") {
  SKIP_IF(needs_supervisor());
  const auto child = in_child([] {
    false_kernel kernel;
    for (const auto hook : hooks) {
      const auto type = static_cast<std::uint32_t>(hook);
      bpflink::sockmap_options options{.map = target(), .hook = hook, .program = program()};
      const auto attaches = [&] { expect(attach(options).has_value(), "not attached"); };
      kernel.expect_calls(attaches, {asks(type), creates(type)});
      options.eviction = bpflink::eviction::allowed;
      kernel.expect_calls(attaches, {creates(type)});
      kernel.expect_calls(
          [&] { expect(query(bpflink::sockmap_query{.map = target(), .hook = hook})->empty(), "somebody is there"); },
          {asks(type)});
    }
  });
  CHECK(child.failure() == "");
}

TEST_CASE("attributes: sockmap hooks without links", "[attributes]") {
  SKIP_IF(needs_supervisor());
  const auto child = in_child([] {
    const auto map = must(open_file("/dev/null", O_RDONLY), "opening /dev/null");
    const auto code = must(open_file("/dev/null", O_RDONLY), "opening /dev/null");
    false_kernel kernel;
    kernel.refuse(command::link_create, EINVAL);
    const bpflink::sockmap_options options{.map = fd_ref{map.get()},
                                           .hook = bpflink::sockmap_hook::msg_verdict,
                                           .program = fd_ref{code.get()},
                                           .eviction = bpflink::eviction::allowed};
    // The first time finds out that there are no links; the map and the program are known by numbers of the handle's.
    std::optional<bpflink::expected<bpflink::sockmap_link>> link;
    static_cast<void>(kernel.calls([&] { link.emplace(attach(options)); }));
    expect((*link).has_value(), "not attached");
    expect((*link)->mechanism() == bpflink::mechanism::program_exclusive, "the mechanism");
    kernel.expect_calls([&] { expect((*link)->close().has_value(), "not closed"); },
                        {attribute(command::prog_detach, 32).any(0).u32(8, 7)});
    kernel.expect_calls([&] { link.emplace(attach(options)); }, {attribute(command::link_create, 16)
                                                                     .u32(0, static_cast<std::uint64_t>(code.get()))
                                                                     .u32(4, static_cast<std::uint64_t>(map.get()))
                                                                     .u32(8, 7),
                                                                 attribute(command::prog_attach, 32).any(0).u32(8, 7)});
    kernel.expect_calls([&] { expect((*link)->detach().has_value(), "not detached"); },
                        {attribute(command::prog_detach, 32).any(0).u32(8, 7)});
  });
  CHECK(child.failure() == "");
}

TEST_CASE("attributes: entries of device and CPU maps", "[attributes]") {
  SKIP_IF(needs_supervisor());
  const auto child = in_child([] {
    false_kernel kernel;
    const bpflink::device_map_entry to_device{
        .map = target(), .key = bpflink::map_key{3}, .interface = 77, .program = program()};
    bpflink::cpu_map_entry to_cpu{
        .map = target(), .cpu = bpflink::cpu_number{1}, .queue_size = 64, .program = program()};
    const auto writes_to_device = [&] { expect(write_entry(to_device).has_value(), "not written"); };
    const auto writes_to_cpu = [&] { expect(write_entry(to_cpu).has_value(), "not written"); };
    const std::vector<attribute> calls{asks_for_shape(), element(command::map_update_elem)};
    // The key, where packets go or how many can wait, and the program.
    const auto written = [&kernel](std::uint32_t key, std::uint32_t first, std::uint32_t program) {
      const std::array words{key, first, program};
      const auto bytes = kernel.parameters();
      expect(bytes.size() == sizeof words && std::memcmp(bytes.data(), words.data(), sizeof words) == 0, "the element");
    };
    for (const std::uint32_t type : {14U, 25U}) {
      kernel.inform(map_of(type, 8));
      kernel.expect_calls(writes_to_device, calls);
      written(3, 77, program_number);
    }
    kernel.inform(map_of(16, 8));
    kernel.expect_calls(writes_to_cpu, calls);
    written(1, 64, program_number);
    to_cpu.program.reset();
    kernel.expect_calls(writes_to_cpu, calls);
    written(1, 64, 0);

    const std::vector<attribute> reads{asks_for_shape(), element(command::map_lookup_elem)};
    kernel.expect_calls(
        [] {
          const auto read = query(bpflink::cpu_map_query{.map = target(), .cpu = bpflink::cpu_number{1}});
          expect(read.has_value() && !read->program, "not read");
        },
        reads);
    kernel.inform(map_of(14, 8));
    kernel.expect_calls(
        [] {
          const auto read = query(bpflink::device_map_query{.map = target(), .key = bpflink::map_key{3}});
          expect(!read && read.error().cause() == bpflink::cause::no_such_id, "an entry of nothing");
        },
        reads);
  });
  CHECK(child.failure() == "");
}
