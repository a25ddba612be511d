// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <variant>

#include "attributes.hpp"
#include "bpflink/attach/cgroup.hpp"
#include "bpflink/info.hpp"
#include "bpflink/link.hpp"
#include "bpflink/program.hpp"
#include "support/catch.hpp"
#include "support/constants.hpp"

using namespace bpflink::test;
using bpflink::fd_ref;
using bpflink::program_ref;

// Offsets and sizes are those of union bpf_attr in the kernel's header.
namespace {

constexpr int program_number = 1001;
constexpr int other_number = 1002;
constexpr int target_number = 1003;

program_ref program() { return fd_ref{program_number}; }
program_ref other() { return fd_ref{other_number}; }

// What the kernel says of a link: type, id, program.
auto link_of(std::uint32_t type) {
  return [type](std::byte* info, std::uint32_t size) {
    const std::uint32_t words[] = {type, 17, 255, 0};
    std::memcpy(info, words, std::min<std::size_t>(size, sizeof words));
  };
}

bpflink::expected<bpflink::cgroup_link> attach_to_cgroup() {
  return attach(bpflink::cgroup_options{
      .cgroup = fd_ref{target_number}, .hook = bpflink::cgroup_hook::inet_egress, .program = program()});
}

}  // namespace

TEST_CASE("attributes: link_handle", "[attributes]") {
  SKIP_IF(needs_supervisor());
  const auto child = in_child([] {
    false_kernel kernel;
    auto made = attach_to_cgroup();
    expect(!made.has_value(), "a program that is not there was attached, by the real kernel");

    kernel.expect_calls([&made] { made = attach_to_cgroup(); }, {attribute(command::link_create, 16)
                                                                     .u32(0, program_number)
                                                                     .u32(4, target_number)
                                                                     .u32(8, attach_type::cgroup_inet_egress)});
    expect(made.has_value(), "not attached");
    const auto number = static_cast<std::uint64_t>(made->fd().get());

    kernel.expect_calls([&made] { expect(made->update(program()).has_value()); },
                        {attribute(command::link_update, 16).u32(0, number).u32(4, program_number)});
    kernel.expect_calls(
        [&made] { expect(made->update(program(), other()).has_value()); },
        {attribute(command::link_update, 16).u32(0, number).u32(4, program_number).u32(8, 4).u32(12, other_number)});
    kernel.expect_calls([&made] { expect(made->detach().has_value()); },
                        {attribute(command::link_detach, 4).u32(0, number)});

    const char* const path = "/sys/fs/bpf/egress";
    kernel.expect_calls([&made, path] { expect(made->pin(path).has_value()); },
                        {attribute(command::obj_pin, 16).pointer(0, path).u32(8, number)});
    kernel.inform(link_of(link_type::cgroup));
    kernel.expect_calls(
        [&made] {
          const auto info = made->info();
          expect(info.has_value());
          expect(info->id == bpflink::link_id{17} && info->program == bpflink::program_id{255});
        },
        {attribute(command::obj_get_info_by_fd, 16).u32(0, number).u32(4, 32).any(8)});
    kernel.expect_calls([&made] { expect(made->close().has_value()); }, {});
  });
  CHECK(child.failure() == "");
}

TEST_CASE("attributes: links that exist already", "[attributes]") {
  SKIP_IF(needs_supervisor());
  const auto child = in_child([] {
    false_kernel kernel;
    kernel.show_as("bpf_link");
    kernel.inform(link_of(link_type::netns));

    const char* const path = "/sys/fs/bpf/app/egress";
    bpflink::link_handle link;
    const auto keep = [&link](auto opened) {
      expect(opened.has_value(), "not opened");
      link = *std::move(opened);
    };
    const auto asked = [](std::uint64_t number) {
      return attribute(command::obj_get_info_by_fd, 16).u32(0, number).u32(4, 16).any(8);
    };
    // The lowest free number: what /dev/null is opened as next.
    const auto next = [] {
      const int number = ::fcntl(0, F_DUPFD_CLOEXEC, 3);
      ::close(number);
      return static_cast<std::uint64_t>(number);
    };

    auto number = next();
    kernel.expect_calls([&] { keep(bpflink::link_handle::open_pinned(path)); },
                        {attribute(command::obj_get, 16).pointer(0, path), asked(number)});
    expect(link.type() == bpflink::link_type::netns, "another kind than the kernel said");

    link = {};
    kernel.expect_calls([&] { keep(bpflink::link_handle::from_id(bpflink::link_id{4711})); },
                        {attribute(command::link_get_fd_by_id, 12).u32(0, 4711), asked(number)});

    link = {};
    kernel.expect_calls(
        [&] {
          keep(bpflink::typed_link<bpflink::link_type::netns>::adopt(
              bpflink::unique_fd::adopt(::open("/dev/null", O_RDONLY | O_CLOEXEC))));
        },
        {asked(number)});

    link = {};
    kernel.expect_calls(
        [&] {
          const auto wrong = bpflink::typed_link<bpflink::link_type::xdp>::open_pinned(path);
          expect(!wrong.has_value() && wrong.error() == bpflink::errc::wrong_type, "a netns link passed for xdp");
        },
        {attribute(command::obj_get, 16).pointer(0, path), asked(number)});
  });
  CHECK(child.failure() == "");
}

TEST_CASE("attributes: what the kernel says of a tracing link, and of a kind that nobody knows yet", "[attributes]") {
  SKIP_IF(needs_supervisor());
  const auto child = in_child([] {
    false_kernel kernel;
    kernel.show_as("bpf_link");
    // Behind type, id and program: the attach type, the object, the type there, room, the cookie.
    const auto shows = [&kernel](std::uint32_t type, std::uint32_t known) {
      kernel.inform_size(known);
      kernel.inform([type, known](std::byte* info, std::uint32_t size) {
        const std::uint32_t words[] = {type, 17, 255, 0, attach_type::trace_fexit, 11, 22, 0, 33, 0};
        std::memcpy(info, words, std::min<std::size_t>({size, known, sizeof words}));
      });
    };
    const auto info_of = [&kernel] {
      std::optional<bpflink::link_info> told;
      static_cast<void>(kernel.calls([&told] {
        const auto link =
            bpflink::link_handle::adopt(bpflink::unique_fd::adopt(::open("/dev/null", O_RDONLY | O_CLOEXEC)));
        expect(link.has_value(), "not adopted");
        told = link->info().value();
      }));
      return *told;
    };

    shows(link_type::tracing, 40);
    const auto now = info_of();
    expect(now.type == bpflink::link_type::tracing && now.program == bpflink::program_id{255}, "a tracing link");
    const auto& tracing = std::get<bpflink::tracing_info>(now.details);
    expect(tracing.hook == bpflink::attach_type::trace_fexit, "the hook");
    expect_equal(tracing.target_object, 11, "the object");
    expect_equal(tracing.target_type, 22, "the type there");
    expect(tracing.cookie == bpflink::cookie{33}, "the cookie");
    // Before Linux 6.17 there was no cookie.
    shows(link_type::tracing, 28);
    const auto before = info_of();
    expect(!std::get<bpflink::tracing_info>(before.details).cookie, "a cookie that the kernel does not tell");
    expect_equal(std::get<bpflink::tracing_info>(before.details).target_type, 22, "the type there");

    shows(99, 40);
    const auto unknown = info_of();
    expect(unknown.type == static_cast<bpflink::link_type>(99) && unknown.id == bpflink::link_id{17}, "the header");
    const auto& bytes = std::get<bpflink::unknown_info>(unknown.details);
    expect_equal(bytes.size, 24, "the size");
    const std::uint32_t words[] = {attach_type::trace_fexit, 11, 22, 0, 33, 0, 0};
    expect(std::memcmp(bytes.bytes.data(), words, sizeof words) == 0, "the bytes");
    // It may have nothing to tell.
    shows(99, 16);
    expect_equal(std::get<bpflink::unknown_info>(info_of().details).size, 0, "no bytes");
  });
  CHECK(child.failure() == "");
}

TEST_CASE("attributes: what is empty asks nothing of the kernel", "[attributes]") {
  SKIP_IF(needs_supervisor());
  const auto child = in_child([] {
    false_kernel kernel;
    const auto calls = kernel.calls([] {
      const auto refused = [](const auto& result) {
        expect(!result.has_value() && result.error() == bpflink::errc::bad_handle, "not bad_handle");
        expect(result.error().cause() == bpflink::cause::empty_handle, "another cause");
        expect(result.error().operation() == bpflink::operation::none, "a call was made");
      };
      bpflink::link_handle empty;
      refused(empty.update(program()));
      refused(empty.update(program(), other()));
      refused(empty.detach());
      refused(empty.pin("/sys/fs/bpf/x"));
      refused(empty.move_pin("/sys/fs/bpf/x", "/sys/fs/bpf/y"));
      refused(empty.unpin("/sys/fs/bpf/x"));
      refused(empty.info());
      refused(empty.close());
      refused(bpflink::link_handle::adopt({}));
      refused(bpflink::program::adopt({}));
      refused(program_ref{fd_ref{}}.info());
      refused(attach(bpflink::cgroup_options{
          .cgroup = "/sys/fs/cgroup", .hook = bpflink::cgroup_hook::device, .program = fd_ref{}}));
      refused(attach(
          bpflink::cgroup_options{.cgroup = fd_ref{}, .hook = bpflink::cgroup_hook::device, .program = program()}));
      expect(!std::move(empty).release(), "a descriptor from nowhere");
    });
    expect_equal(names(calls), "", "the calls");
  });
  CHECK(child.failure() == "");
}
