// SPDX-License-Identifier: MIT
#include <array>
#include <cstring>
#include <optional>

#include "attributes.hpp"
#include "bpflink/attach/struct_ops.hpp"
#include "support/catch.hpp"
#include "support/constants.hpp"

using namespace bpflink::test;
using bpflink::fd_ref;
using bpflink::map_ref;

// Offsets and sizes are those of union bpf_attr, struct bpf_link_info and struct bpf_map_info in the kernel's header.
namespace {

constexpr int map_number = 1001;
constexpr int other_number = 1002;
constexpr std::uint32_t type_struct_ops = 26;
constexpr std::uint32_t flag_link = 1U << 13U;
constexpr std::uint32_t map_info_size = 48;

map_ref map() { return fd_ref{map_number}; }
map_ref other() { return fd_ref{other_number}; }

attribute create() { return attribute(command::link_create, 16).u32(0, map_number).u32(8, attach_type::struct_ops); }
attribute ask_map(int number) {
  return attribute(command::obj_get_info_by_fd, 16)
      .u32(0, static_cast<std::uint32_t>(number))
      .u32(4, map_info_size)
      .any(8);
}

// What the kernel says of a map: type, id, sizes of key and value, entries, flags.
auto map_with(std::uint32_t value_size, std::uint32_t flags) {
  return [value_size, flags](std::byte* info, std::uint32_t) {
    const std::uint32_t words[] = {type_struct_ops, 7, 4, value_size, 1, flags};
    std::memcpy(info, words, sizeof words);
  };
}

}  // namespace

TEST_CASE("attributes: struct_ops", "[attributes]") {
  SKIP_IF(needs_supervisor());
  const auto child = in_child([] {
    false_kernel kernel;
    const std::array<std::byte, 96> value{};
    bpflink::struct_ops_options options{.map = map()};
    const auto attached = [&options] {
      const auto link = attach(options);
      expect(link.has_value(), link.has_value() ? "" : link.error().message());
      return link->mechanism();
    };
    kernel.expect_calls([&] { expect(attached() == bpflink::mechanism::link); }, {create()});

    const auto fill = [&](std::uint64_t number) {
      return attribute(command::map_update_elem, 32).u32(0, number).any(8).pointer(16, value.data());
    };
    options.value = value;
    kernel.inform(map_with(value.size(), flag_link));
    kernel.expect_calls([&] { expect(attached() == bpflink::mechanism::link); },
                        {ask_map(map_number), fill(map_number), create()});
  });
  CHECK(child.failure() == "");
}

TEST_CASE("attributes: updating a map", "[attributes]") {
  SKIP_IF(needs_supervisor());
  const auto child = in_child([] {
    false_kernel kernel;
    std::optional<bpflink::expected<bpflink::struct_ops_link>> made;
    kernel.expect_calls([&made] { made.emplace(attach(bpflink::struct_ops_options{.map = map()})); }, {create()});
    expect(made->has_value(), "not attached");
    auto& link = **made;
    const auto number = static_cast<std::uint64_t>(link.fd().get());
    const auto ask_link = [&] { return attribute(command::obj_get_info_by_fd, 16).u32(0, number).u32(4, 24).any(8); };
    // The link has map 6, and any map is map 7.
    kernel.inform([](std::byte* info, std::uint32_t size) {
      const std::uint32_t link_words[] = {link_type::struct_ops, 17, 0, 0, 6, 0};
      const std::uint32_t map_words[] = {type_struct_ops, 7, 4, 96, 1, flag_link};
      std::memcpy(info, size == map_info_size ? map_words : link_words, sizeof map_words);
    });
    kernel.expect_calls(
        [&] { expect(link.update(map()).has_value(), "not updated"); },
        {ask_link(), ask_map(map_number), attribute(command::link_update, 16).u32(0, number).u32(4, map_number)});
    kernel.expect_calls(
        [&] { expect(link.update(map(), other()).has_value(), "not updated"); },
        {ask_link(), ask_map(map_number),
         attribute(command::link_update, 16).u32(0, number).u32(4, map_number).u32(8, 4).u32(12, other_number)});
    // The kernel is not asked to put a map in the place of itself.
    kernel.show_as("bpf-map");
    kernel.inform([](std::byte* info, std::uint32_t size) {
      const std::uint32_t link_words[] = {link_type::struct_ops, 17, 0, 0, 7, 0};
      const std::uint32_t map_words[] = {type_struct_ops, 7, 4, 96, 1, flag_link};
      std::memcpy(info, size == map_info_size ? map_words : link_words, sizeof map_words);
    });
    const auto calls = kernel.calls([&] {
      expect(link.update(map()).has_value(), "not updated");
      expect(link.update(map(), other()).has_value(), "not updated");
    });
    for (const auto& call : calls) expect(call.name() != "bpf(29)", "the kernel was asked");
  });
  CHECK(child.failure() == "");
}
