// SPDX-License-Identifier: MIT
// Programs in the entries of device and CPU maps: they run for what is redirected there, and for nothing else.
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/child.hpp"
#include "support/netns_fixture.hpp"
#include "support/privileges.hpp"
#include "support/syscall_supervisor.hpp"
#include "xdp_map_helpers.hpp"

namespace bpflink {

namespace {

namespace at = test::attach_type;

program_id id_of(const test::counted_program& program) { return program_id{test::program_id(program.get())}; }

bool ran(const test::counted_program& program, std::uint64_t times) {
  return test::eventually([&] { return program.runs() == times; });
}

xdp_link attached(const std::string& interface, const test::fd& program, xdp_mode mode) {
  auto link =
      attach(xdp_options{.interface = index_of(interface), .program = program_ref{borrow(program)}, .mode = mode});
  REQUIRE(sentence(link) == "");
  return *std::move(link);
}

// Two pairs of interfaces: what comes out of b is redirected into c, and comes out of d.
void with_pairs(const std::function<void()>& f) {
  test::netns_fixture().run([&f] {
    test::create_veth("a", "b");
    test::create_veth("c", "d");
    f();
  });
}

}  // namespace

TEST_CASE("xdp_map: a device map's program runs for what is redirected there", "[xdp_map]") {
  SKIP_IF(test::needs_veth());
  SKIP_IF(test::needs_kernel(5, 8, "programs in device maps"));
  const auto type = GENERATE(as<std::uint32_t>{}, test::map_type::devmap, devmap_hash);
  const auto mode = GENERATE(xdp_mode::generic, xdp_mode::native);
  // Packets that have a socket buffer came to these programs later.
  if (mode == xdp_mode::generic && !test::at_least(5, 15)) return;
  with_pairs([&] {
    const auto map = entry_map(type);
    const auto pass = load_entry(at::xdp_devmap);
    const auto drop = load_entry(at::xdp_devmap, xdp_drop);
    const auto redirect = load_redirect(map, 3);
    // Frames go natively into an interface whose other end has a program, too.
    const auto receive = load_xdp();
    const auto there = attached("d", receive.program, mode);
    const auto here = attached("b", redirect, mode);
    frame_watch watch("d");
    // Frames stay in their order: should one arrive that was to be dropped, it arrives before the next.
    const auto arrives = [&watch](const std::string& data) {
      CHECK(test::packet_send("a", data) == 0);
      return watch.next() == data;
    };

    auto entry = to_interface(map, 3, "c");
    REQUIRE(sentence(write_entry(entry)) == "");
    CHECK(arrives("#one"));
    entry.program = borrow(pass);
    REQUIRE(sentence(write_entry(entry)) == "");
    CHECK(arrives("#two"));
    CHECK(pass.runs() == 1);
    entry.program = borrow(drop);
    REQUIRE(sentence(write_entry(entry)) == "");
    CHECK(test::packet_send("a", "#out") == 0);
    CHECK(ran(drop, 1));
    CHECK(pass.runs() == 1);
    entry.program.reset();
    REQUIRE(sentence(write_entry(entry)) == "");
    CHECK(arrives("#end"));
    CHECK(drop.runs() == 1);
  });
}

TEST_CASE("xdp_map: a CPU map's program runs for what is redirected there", "[xdp_map]") {
  SKIP_IF(test::needs_veth());
  SKIP_IF(test::needs_kernel(5, 9, "programs in CPU maps"));
  const auto mode = GENERATE(xdp_mode::generic, xdp_mode::native);
  if (mode == xdp_mode::generic && !test::at_least(5, 15)) return;
  with_pairs([&] {
    const auto map = entry_map(test::map_type::cpumap, 1);
    const auto pass = load_entry(at::xdp_cpumap);
    const auto drop = load_entry(at::xdp_cpumap, xdp_drop);
    const auto redirect = load_redirect(map, 0);
    auto entry = to_cpu(map, 0);
    REQUIRE(sentence(write_entry(entry)) == "");
    const auto here = attached("b", redirect, mode);
    frame_watch watch("b");
    // Frames stay in their order: should one arrive that was to be dropped, it arrives before the next.
    const auto arrives = [&watch](const std::string& data) {
      CHECK(test::packet_send("a", data) == 0);
      return watch.next() == data;
    };

    CHECK(arrives("#one"));
    entry.program = borrow(pass);
    REQUIRE(sentence(write_entry(entry)) == "");
    CHECK(arrives("#two"));
    CHECK(ran(pass, 1));
    entry.program = borrow(drop);
    REQUIRE(sentence(write_entry(entry)) == "");
    CHECK(test::packet_send("a", "#out") == 0);
    CHECK(ran(drop, 1));
    entry.program.reset();
    REQUIRE(sentence(write_entry(entry)) == "");
    CHECK(arrives("#end"));
    CHECK(drop.runs() == 1);
    CHECK(pass.runs() == 1);
  });
}

TEST_CASE("xdp_map: what an entry holds can be asked, until it is gone", "[xdp_map]") {
  SKIP_IF(test::needs_veth());
  SKIP_IF(test::needs_kernel(5, 9, "programs in both"));
  with_pairs([] {
    const auto devices = entry_map(devmap_hash);
    const auto program = load_entry(at::xdp_devmap);
    auto entry = to_interface(devices, 70, "c");
    const device_map_query asked{.map = fd_ref{devices.get()}, .key = map_key{70}};
    CHECK(query(asked).error() == errc::not_found);
    REQUIRE(sentence(write_entry(entry)) == "");
    auto told = query(asked);
    REQUIRE(sentence(told) == "");
    CHECK(told->interface == index_of("c"));
    CHECK_FALSE(told->program);
    entry.program = borrow(program);
    REQUIRE(sentence(write_entry(entry)) == "");
    told = query(asked);
    REQUIRE(sentence(told) == "");
    CHECK(told->program == id_of(program));
    test::delete_interface("c");
    CHECK(test::eventually([&] { return !query(asked); }));

    const auto cpus = entry_map(test::map_type::cpumap, 1);
    const auto on_cpu = load_entry(at::xdp_cpumap);
    const cpu_map_query asked_cpu{.map = fd_ref{cpus.get()}, .cpu = cpu_number{0}};
    CHECK(query(asked_cpu).error() == errc::not_found);
    auto queue = to_cpu(cpus, 0, 192);
    queue.program = borrow(on_cpu);
    REQUIRE(sentence(write_entry(queue)) == "");
    const auto told_cpu = query(asked_cpu);
    REQUIRE(sentence(told_cpu) == "");
    CHECK(told_cpu->queue_size == 192);
    CHECK(told_cpu->program == id_of(on_cpu));
  });
}

TEST_CASE("xdp_map: an interface can be of another namespace", "[xdp_map]") {
  SKIP_IF(test::needs_veth());
  SKIP_IF(test::needs_kernel(5, 8, "programs in device maps"));
  const test::netns_fixture netns;
  unsigned index = 0;
  netns.run([&index] {
    for (const auto* const name : {"p", "q", "r"}) test::create_veth(name, std::string{name} + "2");
    index = test::ifindex_of("r2");
  });
  const auto map = entry_map(test::map_type::devmap);
  const auto program = load_entry(at::xdp_devmap);
  const device_map_entry entry{.map = fd_ref{map.get()},
                               .key = map_key{0},
                               .interface = {index_of(index), fd_ref{netns.get()}},
                               .program = borrow(program)};
  CHECK(sentence(write_entry(entry)) == "");
  const auto told = query(device_map_query{.map = fd_ref{map.get()}, .key = map_key{0}});
  REQUIRE(sentence(told) == "");
  CHECK(told->interface == index_of(index));
}

TEST_CASE("xdp_map: one question and one call", "[xdp_map]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_kernel(5, 9, "programs in CPU maps"));
  CHECK(test::in_child([] {
          const auto map = entry_map(test::map_type::cpumap, 1);
          const auto program = load_entry(at::xdp_cpumap);
          auto entry = to_cpu(map, 0);
          entry.program = borrow(program);
          test::syscall_supervisor supervisor;
          test::expect_equal(test::names(supervisor.record_calls([&] { static_cast<void>(write_entry(entry)); })),
                             "bpf(15) bpf(2)");
          const cpu_map_query asked{.map = fd_ref{map.get()}, .cpu = cpu_number{0}};
          test::expect_equal(test::names(supervisor.record_calls([&] { static_cast<void>(query(asked)); })),
                             "bpf(15) bpf(1)");
        }).failure() == "");
}

}  // namespace bpflink
