// SPDX-License-Identifier: MIT
#include <optional>
#include <utility>

#include "attributes.hpp"
#include "bpflink/attach/netkit.hpp"
#include "bpflink/attach/tcx.hpp"
#include "support/catch.hpp"
#include "support/constants.hpp"

using namespace bpflink::test;
using bpflink::fd_ref;
using bpflink::position;
using bpflink::program_ref;

// Offsets and sizes are those of union bpf_attr in the kernel's header.
namespace {

constexpr int program_number = 1001;
constexpr int other_number = 1002;

constexpr std::uint32_t before = 1U << 3;
constexpr std::uint32_t after = 1U << 4;
constexpr std::uint32_t by_id = 1U << 5;
constexpr std::uint32_t of_link = 1U << 13;

program_ref program() { return fd_ref{program_number}; }
program_ref other() { return fd_ref{other_number}; }

attribute create(std::uint32_t type, std::uint32_t flags = 0, std::uint64_t relative = 0, std::uint64_t revision = 0) {
  return attribute(command::link_create, 32)
      .u32(0, program_number)
      .u32(4, 77)
      .u32(8, type)
      .u32(12, flags)
      .u32(16, relative)
      .u64(24, revision);
}

template <class Options>
void expect_link(false_kernel& kernel, const Options& options, const attribute& expected,
                 source_place where = source_place::here()) {
  kernel.expect_calls([&] { expect(attach(options).has_value(), "not attached", where); }, {expected}, where);
}

// Both hooks' options have these members.
template <class Options, class Hook>
void expect_positions(false_kernel& kernel, Hook hook) {
  const auto type = static_cast<std::uint32_t>(hook);
  const auto expect_at = [&](const position& where, std::uint32_t flags, std::uint64_t relative) {
    expect_link(kernel, Options{.interface = 77, .hook = hook, .program = program(), .position = where},
                create(type, flags, relative));
  };
  expect_link(kernel, Options{.interface = 77, .hook = hook, .program = program()}, create(type));
  expect_link(
      kernel,
      Options{
          .interface = 77, .hook = hook, .program = program(), .expected_revision = bpflink::revision{0x1122334455}},
      create(type, 0, 0, 0x1122334455));
  expect_at(position::first(), before, 0);
  expect_at(position::last(), after, 0);
  expect_at(position::before(other()), before, other_number);
  expect_at(position::after(other()), after, other_number);
  expect_at(position::before(bpflink::program_id{7}), before | by_id, 7);
  expect_at(position::after(bpflink::link_id{8}), after | by_id | of_link, 8);
}

}  // namespace

TEST_CASE("attributes: tcx and netkit, at each position", "[attributes]") {
  SKIP_IF(needs_supervisor());
  const auto child = in_child([] {
    false_kernel kernel;
    expect_positions<bpflink::tcx_options>(kernel, bpflink::tcx_hook::ingress);
    expect_positions<bpflink::tcx_options>(kernel, bpflink::tcx_hook::egress);
    expect_positions<bpflink::netkit_options>(kernel, bpflink::netkit_hook::primary);
    expect_positions<bpflink::netkit_options>(kernel, bpflink::netkit_hook::peer);
  });
  CHECK(child.failure() == "");
}

TEST_CASE("attributes: a position relative to a link", "[attributes]") {
  SKIP_IF(needs_supervisor());
  const auto child = in_child([] {
    false_kernel kernel;
    std::optional<bpflink::expected<bpflink::tcx_link>> made;
    static_cast<void>(kernel.calls([&made] {
      made.emplace(
          attach(bpflink::tcx_options{.interface = 77, .hook = bpflink::tcx_hook::ingress, .program = program()}));
    }));
    const auto& link = *made;
    expect_link(kernel,
                bpflink::tcx_options{.interface = 77,
                                     .hook = bpflink::tcx_hook::ingress,
                                     .program = program(),
                                     .position = position::after(*link)},
                create(46, after | of_link, static_cast<std::uint64_t>(link->fd().get())));
  });
  CHECK(child.failure() == "");
}

TEST_CASE("attributes: what is attached at tcx and netkit", "[attributes]") {
  SKIP_IF(needs_supervisor());
  const auto child = in_child([] {
    false_kernel kernel;
    const auto asks = [&](const auto& hook, std::uint32_t type) {
      kernel.expect_calls([&] { expect(query(hook).has_value(), "not told"); },
                          {attribute(command::prog_query, 64).u32(0, 77).u32(4, type).any(16).u32(24, 64).any(40)});
    };
    asks(bpflink::tcx_query{.interface = 77, .hook = bpflink::tcx_hook::egress}, 47);
    asks(bpflink::netkit_query{.interface = 77, .hook = bpflink::netkit_hook::peer}, 55);
  });
  CHECK(child.failure() == "");
}
