// SPDX-License-Identifier: MIT
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>
#include <stdexcept>
#include <vector>

#include "bpffs_fixture.hpp"
#include "catch.hpp"
#include "cgroup_fixture.hpp"
#include "kernel_version.hpp"
#include "mount_namespace.hpp"
#include "netns_fixture.hpp"
#include "privileges.hpp"
#include "raw_bpf.hpp"
#include "reception.hpp"
#include "rtnetlink.hpp"
#include "run_counter.hpp"
#include "traffic.hpp"
#include "vmlinux_btf.hpp"

using namespace bpflink::test;

TEST_CASE("cgroup_fixture: its program stops traffic from within and nowhere else", "[cgroup]") {
  SKIP_IF(needs_cgroup2());
  std::string path;
  {
    cgroup_fixture cgroup;
    path = cgroup.path();
    const counted_program refusing = load_counted(prog_type::cgroup_skb, attach_type::cgroup_inet_egress, 0);
    const attach_request request = {cgroup.get(), refusing.get(), attach_type::cgroup_inet_egress};
    CHECK(query(cgroup.get(), request.type).ids.empty());
    REQUIRE(prog_attach(request) == 0);
    CHECK(query(cgroup.get(), request.type).ids == std::vector{program_id(refusing.get())});

    netns_fixture network;
    network.run([&] {
      CHECK(udp_send() == 0);
      cgroup.enter([&] { CHECK(ran(refusing.get(), [] { CHECK(udp_send() == EPERM); }) == 1); });
      CHECK(udp_send() == 0);
      const std::string below = cgroup.child("a/b");
      CHECK(cgroup.in_child_inside([] { expect_equal(udp_send(), EPERM); }).failure() == "");
      cgroup_fixture::enter(below, [] { CHECK(udp_send() == EPERM); });
      CHECK(prog_detach(cgroup.get(), refusing.get(), request.type) == 0);
      cgroup.enter([] { CHECK(udp_send() == 0); });
    });
    CHECK(refusing.runs() == 3);
    CHECK(cgroup.id() != 0);
  }
  CHECK_FALSE(path_exists(path));
}

TEST_CASE("traffic: makes programs at cgroup hooks run", "[cgroup]") {
  SKIP_IF(needs_cgroup2());
  struct hook {
    std::uint32_t program;
    std::uint32_t attach;
    unsigned release;
    unsigned minor;
  };
  using namespace attach_type;
  constexpr hook hooks[] = {{prog_type::cgroup_skb, cgroup_inet_ingress, 4, 19},
                            {prog_type::cgroup_skb, cgroup_inet_egress, 4, 19},
                            {prog_type::cgroup_sock, cgroup_inet_sock_create, 4, 19},
                            {prog_type::cgroup_sock, cgroup_inet_sock_release, 5, 10},
                            {prog_type::sock_ops, cgroup_sock_ops, 4, 19},
                            {prog_type::cgroup_device, attach_type::cgroup_device, 4, 19},
                            {prog_type::cgroup_sock_addr, cgroup_inet4_bind, 4, 19},
                            {prog_type::cgroup_sock_addr, cgroup_inet6_bind, 4, 19},
                            {prog_type::cgroup_sock_addr, cgroup_inet4_connect, 4, 19},
                            {prog_type::cgroup_sock_addr, cgroup_inet6_connect, 4, 19},
                            {prog_type::cgroup_sock, cgroup_inet4_post_bind, 4, 19},
                            {prog_type::cgroup_sock, cgroup_inet6_post_bind, 4, 19},
                            {prog_type::cgroup_sock_addr, cgroup_udp4_sendmsg, 4, 19},
                            {prog_type::cgroup_sock_addr, cgroup_udp6_sendmsg, 4, 19},
                            {prog_type::cgroup_sock_addr, cgroup_udp4_recvmsg, 5, 4},
                            {prog_type::cgroup_sock_addr, cgroup_udp6_recvmsg, 5, 4},
                            {prog_type::cgroup_sock_addr, cgroup_inet4_getpeername, 5, 10},
                            {prog_type::cgroup_sock_addr, cgroup_inet6_getpeername, 5, 10},
                            {prog_type::cgroup_sock_addr, cgroup_inet4_getsockname, 5, 10},
                            {prog_type::cgroup_sock_addr, cgroup_inet6_getsockname, 5, 10},
                            {prog_type::cgroup_sock_addr, cgroup_unix_connect, 6, 12},
                            {prog_type::cgroup_sock_addr, cgroup_unix_sendmsg, 6, 12},
                            {prog_type::cgroup_sock_addr, cgroup_unix_recvmsg, 6, 12},
                            {prog_type::cgroup_sock_addr, cgroup_unix_getpeername, 6, 12},
                            {prog_type::cgroup_sock_addr, cgroup_unix_getsockname, 6, 12},
                            {prog_type::cgroup_sysctl, attach_type::cgroup_sysctl, 5, 4},
                            {prog_type::cgroup_sockopt, cgroup_getsockopt, 5, 4},
                            {prog_type::cgroup_sockopt, cgroup_setsockopt, 5, 4}};
  cgroup_fixture cgroup;
  const netns_fixture network;
  std::vector<counted_program> programs;
  for (const hook& h : hooks) {
    programs.emplace_back();
    if (!at_least(h.release, h.minor)) continue;
    programs.back() = load_counted(h.program, h.attach, 1);
    INFO("attach type " << h.attach);
    REQUIRE(prog_attach({cgroup.get(), programs.back().get(), h.attach}) == 0);
  }
  network.run([&] { cgroup.enter(every_cgroup_event); });
  for (std::size_t i = 0; i < programs.size(); ++i) {
    INFO("attach type " << hooks[i].attach);
    if (programs[i].program) CHECK(programs[i].runs() > 0);
  }
}

TEST_CASE("netns_fixture: is a namespace of its own with a working lo", "[netns]") {
  SKIP_IF(needs_root());
  const std::uint32_t outside = own_netns_inode();
  netns_fixture network;
  CHECK(network.inode() != outside);
  network.run([&] {
    CHECK(own_netns_inode() == network.inode());
    CHECK(ifindex_of("lo") == 1);
    CHECK(tcp_exchange() == 0);
    CHECK(tcp_exchange(family::ipv6) == 0);
    CHECK(udp_send(family::ipv6) == 0);
    tcp_listener listener;
    CHECK(tcp_connect(listener.port()) == 0);
    CHECK(listener.connect() == 0);
  });
  CHECK(own_netns_inode() == outside);
  CHECK_THROWS_WITH(network.run([] { throw std::runtime_error("from inside"); }), contains("from inside"));
  const fd by_path = open_file(network.path(), O_RDONLY);
  CHECK(by_path);
}

TEST_CASE("until_received: what was sent has arrived by then", "[netns]") {
  SKIP_IF(needs_root());
  SKIP_IF(needs_veth());
  const netns_fixture network;
  network.run([] {
    create_veth("near", "far");
    const fd frames(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_IP)));
    sockaddr_ll where{};
    where.sll_family = AF_PACKET;
    where.sll_protocol = htons(ETH_P_IP);
    where.sll_ifindex = static_cast<int>(ifindex_of("far"));
    REQUIRE(::bind(frames.get(), reinterpret_cast<const sockaddr*>(&where), sizeof(where)) == 0);
    for (int round = 0; round < 100; ++round) {
      REQUIRE(lo_passes(round % 2 == 0 ? family::ipv4 : family::ipv6));
      until_received([] { REQUIRE(packet_send("near") == 0); });
      std::array<char, 64> frame{};
      REQUIRE(::recv(frames.get(), frame.data(), frame.size(), MSG_DONTWAIT) == 46);
    }
  });
}

TEST_CASE("packet_send: makes a flow dissector run", "[netns]") {
  SKIP_IF(needs_root());
  SKIP_IF(needs_kernel(5, 4, "flow dissector programs"));
  const netns_fixture network;
  const counted_program dissector = load_counted(prog_type::flow_dissector, attach_type::flow_dissector, 0);
  network.run([&] {
    REQUIRE(prog_attach({0, dissector.get(), attach_type::flow_dissector}) == 0);
    CHECK(packet_send() == 0);
    CHECK(dissector.runs() > 0);
    CHECK(prog_detach(0, dissector.get(), attach_type::flow_dissector) == 0);
    CHECK(ran(dissector.get(), [] { packet_send(); }) == 0);
  });
}

TEST_CASE("rtnetlink: a new veth pair loses nothing", "[netns]") {
  SKIP_IF(needs_veth());
  const netns_fixture network;
  network.run([] {
    for (int round = 0; round < 20; ++round) {
      create_veth("left", "right");
      CHECK(packet_through("left", "right") == 0);
      CHECK(packet_through("right", "left") == 0);
      delete_interface("left");
    }
    CHECK(packet_through("left", "right") == ENODEV);
  });
}

TEST_CASE("rtnetlink: veth pairs come, carry XDP programs and go", "[netns]") {
  SKIP_IF(needs_veth());
  const netns_fixture network;
  const fd pass = load({.type = prog_type::xdp, .code = return_value(2)});
  network.run([&] {
    CHECK(ifindex_of("left") == 0);
    create_veth("left", "right");
    const unsigned left = ifindex_of("left");
    CHECK(left != 0);
    CHECK(ifindex_of("right") != 0);
    CHECK(xdp_of(left).attached == 0);
    REQUIRE(netlink_xdp(left, pass.get(), 2) == 0);
    CHECK(xdp_of(left).attached == 2);
    CHECK(xdp_of(left).program_id == program_id(pass.get()));
    CHECK(netlink_xdp(left, -1, 2) == 0);
    CHECK(xdp_of(left).attached == 0);
    CHECK(netlink_xdp(9999, pass.get(), 2) == ENODEV);
    delete_interface("left");
    CHECK(ifindex_of("right") == 0);
  });
}

TEST_CASE("bpffs_fixture: pins in it, and nothing of it afterwards", "[bpffs]") {
  SKIP_IF(needs_root());
  std::string path;
  {
    const bpffs_fixture directory;
    path = directory.path();
    const fd program = load({});
    CHECK(obj_pin(program.get(), directory / "one") == 0);
    CHECK(obj_pin(program.get(), directory / "one") == EEXIST);
    CHECK(list_directory(path) == "one");
    const fd again = obj_get(directory / "one");
    REQUIRE(again);
    CHECK(program_id(again.get()) == program_id(program.get()));
    CHECK(obj_get(directory / "two").error() == ENOENT);
  }
  CHECK_FALSE(path_exists(path));
}

TEST_CASE("mount_namespace: hides in the child only", "[mount]") {
  SKIP_IF(needs_root());
  const std::string before = list_directory("/sys/kernel");
  const child_result hidden = in_mount_namespace([] {
    hide("/sys/kernel");
    expect_equal(list_directory("/sys/kernel"), "");
    const directory_fixture shown;
    expect_equal(write_file(shown / "none", ""), ENOENT);
    bind_over("/proc", "/sys/kernel");
    expect(path_exists("/sys/kernel/self"));
  });
  CHECK(hidden.failure() == "");
  CHECK(list_directory("/sys/kernel") == before);
}

TEST_CASE("iterator programs write their rows", "[iterator]") {
  SKIP_IF(needs_root());
  SKIP_IF(needs_kernel(5, 8, "iterators"));
  SKIP_IF(needs_vmlinux_btf());
  const vmlinux_btf& btf = vmlinux_btf::get();
  const auto read_rows = [&btf]<typename Row>(const char* target, const instructions& code,
                                              std::span<const std::byte> more, std::vector<Row>& rows) {
    const fd program = load({.type = prog_type::tracing,
                             .code = code,
                             .expected_attach_type = attach_type::trace_iter,
                             .attach_btf_id = btf.function(target).value()});
    const fd link = must(link_create(program.get(), 0, attach_type::trace_iter, 0, more), "attaching an iterator");
    const fd reader = must(iter_create(link.get()), "opening an iterator");
    rows.resize(4096);
    const ssize_t length = ::read(reader.get(), rows.data(), rows.size() * sizeof(Row));
    REQUIRE(length > 0);
    REQUIRE(static_cast<std::size_t>(length) % sizeof(Row) == 0);
    rows.resize(static_cast<std::size_t>(length) / sizeof(Row));
  };

  const auto pid_at = btf.find_member("task_struct", "pid").value().offset();
  const auto tgid_at = btf.find_member("task_struct", "tgid").value().offset();
  std::vector<task_row> tasks;
  read_rows("bpf_iter_task", write_tasks(pid_at, tgid_at), {}, tasks);
  const auto own = static_cast<std::uint32_t>(::getpid());
  CHECK(std::count_if(tasks.begin(), tasks.end(), [own](task_row row) { return row.pid == own && row.tgid == own; }) ==
        1);

  if (!at_least(5, 9)) return;
  const fd map = counter_map(3);
  const std::uint32_t key = 1;
  const std::uint64_t value = 42;
  REQUIRE(map_update(map.get(), &key, &value) == 0);
  struct {
    std::uint32_t map_fd;
  } const parameters = {static_cast<std::uint32_t>(map.get())};
  attribute more;
  more.put_pointer(0, &parameters).put(8, std::uint32_t{sizeof(parameters)});
  const auto* const bytes = static_cast<const std::byte*>(more.data());
  std::vector<element_row> elements;
  read_rows("bpf_iter_bpf_map_elem", write_elements(), {bytes, 12}, elements);
  REQUIRE(elements.size() == 3);
  CHECK(elements[1].key == 1);
  CHECK(elements[1].value == 42);
}

TEST_CASE("record_cookie: hands the attachment's cookie over", "[bpf]") {
  SKIP_IF(needs_root());
  SKIP_IF(needs_kernel(6, 10, "raw tracepoint cookies"));
  const fd map = counter_map(2);
  const fd program = load({.type = prog_type::raw_tracepoint, .code = record_cookie(map.get())});
  attribute open;
  open.put_pointer(0, "sys_enter").put(8, program.get()).put(16, std::uint64_t{0x1234});
  const fd link(open.call(command::raw_tracepoint_open, 24));
  REQUIRE(link);
  CHECK(read_zero() == 0);
  CHECK(counter(map.get(), 0) > 0);
  CHECK(counter(map.get(), 1) == 0x1234);
  CHECK(info_of_link(link.get()).type() == link_type::raw_tracepoint);
  CHECK(link_exists(info_of_link(link.get()).id()));
}
