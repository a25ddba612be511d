// SPDX-License-Identifier: MIT
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

#include "bpflink/bpflink.hpp"
#include "libbpf.hpp"
#include "raw_calls.hpp"
#include "row.hpp"
#include "stage.hpp"
#include "support/kernel_version.hpp"
#include "support/raw_bpf.hpp"

// Who is at a hook, where one program is.
namespace bpflink::bench {

namespace {

namespace attach_type = test::attach_type;

constexpr std::uint32_t room = 64;

void one_program(int count) {
  if (done(count, "asking who is there") != 1) throw std::runtime_error("not one program is there");
}

void one_program(const expected<attached_programs>& there) {
  check(there);
  if (there->size() != 1) throw std::runtime_error("not one program is there");
}

/// The raw side, and libbpf's.
sides asking(std::uint32_t target, std::uint32_t type) {
  sides all;
  all.raw = repeated([=] {
    std::array<std::uint32_t, room> programs;
    one_program(raw::prog_query(target, type, programs.data(), room));
  });
  all.libbpf = BPFLINK_WITH_LIBBPF(repeated([=] {
    std::array<__u32, room> programs;
    __u32 count = room;
    done(bpf_prog_query(static_cast<int>(target), static_cast<bpf_attach_type>(type), 0, nullptr, programs.data(),
                        &count),
         "asking who is there");
    one_program(static_cast<int>(count));
  }));
  return all;
}

void attach_one(sides& all, const test::program_request& program, std::uint32_t target, std::uint32_t type) {
  all.keep(test::fd{done(raw::link_create(all.keep(test::load(program)).get(), target, type), "attaching")});
}

/// At a hook without any others.
sides query_cgroup(stage& on) {
  constexpr auto type = attach_type::cgroup_inet_ingress;
  auto all = asking(raw::number_of(on.cgroup.get()), type);
  attach_one(all, {.type = test::prog_type::cgroup_skb, .code = test::return_value(1), .expected_attach_type = type},
             raw::number_of(on.cgroup.get()), type);
  all.ours = repeated([asked = cgroup_query{.cgroup = fd_ref{on.cgroup.get()}, .hook = cgroup_hook::inet_ingress}] {
    one_program(query(asked));
  });
  return all;
}

sides query_netns(stage& on, netns_hook hook, std::uint32_t program_type, std::int32_t verdict) {
  const auto type = static_cast<std::uint32_t>(hook);
  auto all = asking(raw::number_of(on.netns.get()), type);
  attach_one(all, {.type = program_type, .code = test::return_value(verdict), .expected_attach_type = type},
             raw::number_of(on.netns.get()), type);
  all.ours =
      repeated([asked = netns_query{.netns = fd_ref{on.netns.get()}, .hook = hook}] { one_program(query(asked)); });
  return all;
}

sides query_sk_lookup(stage& on) { return query_netns(on, netns_hook::sk_lookup, test::prog_type::sk_lookup, 1); }
sides query_flow_dissector(stage& on) {
  return query_netns(on, netns_hook::flow_dissector, test::prog_type::flow_dissector, 0);
}

sides query_sockmap(stage&) {
  constexpr auto type = attach_type::sk_msg_verdict;
  test::fd map = test::must(test::create_map(test::map_type::sockmap, 4, 4, 16), "making a map of sockets");
  auto all = asking(raw::number_of(map.get()), type);
  const int target = all.keep(std::move(map)).get();
  attach_one(all, {.type = test::prog_type::sk_msg, .code = test::return_value(1), .expected_attach_type = type},
             raw::number_of(target), type);
  all.ours = repeated(
      [asked = sockmap_query{.map = fd_ref{target}, .hook = sockmap_hook::msg_verdict}] { one_program(query(asked)); });
  return all;
}

/// With the links, of which libbpf 1.1 knows nothing.
template <class Query>
sides query_interface(const Query& asked) {
  const auto type = static_cast<std::uint32_t>(asked.hook);
  const auto interface = asked.interface.index().value();
  sides all;
  attach_one(all, {.type = test::prog_type::sched_cls, .code = test::return_value(-1)}, interface, type);
  all.raw = repeated([=] {
    std::array<std::uint32_t, room> programs;
    std::array<std::uint32_t, room> links;
    one_program(raw::prog_query(interface, type, programs.data(), room, links.data()));
  });
  all.ours = repeated([asked] { one_program(query(asked)); });
  return all;
}

sides query_tcx(stage&) { return query_interface(tcx_query{.interface = stage::loopback, .hook = tcx_hook::egress}); }
sides query_netkit(stage& on) {
  return query_interface(
      netkit_query{.interface = *ifindex::from(static_cast<int>(on.netkit())), .hook = netkit_hook::peer});
}

/// The value of the first attribute of a type; null where there is none.
const std::byte* attribute_in(const std::byte* attributes, const std::byte* end, unsigned short type) {
  constexpr unsigned alignment = 3;
  while (attributes + sizeof(rtattr) <= end) {
    const auto* const each = reinterpret_cast<const rtattr*>(attributes);
    if ((each->rta_type & NLA_TYPE_MASK) == type) return attributes + sizeof(rtattr);
    attributes += (each->rta_len + alignment) & ~alignment;
  }
  return nullptr;
}

std::uint32_t xdp_program_in(const std::byte* answer, std::size_t size) {
  const auto* const xdp = attribute_in(answer + sizeof(nlmsghdr) + sizeof(ifinfomsg), answer + size, IFLA_XDP);
  if (xdp == nullptr) return 0;
  const auto length = reinterpret_cast<const rtattr*>(xdp - sizeof(rtattr))->rta_len - sizeof(rtattr);
  const auto* const id = attribute_in(xdp, xdp + length, IFLA_XDP_PROG_ID);
  return id != nullptr ? *reinterpret_cast<const std::uint32_t*>(id) : 0;
}

std::uint32_t ask_for_xdp(int interface) {
  struct {
    nlmsghdr header;
    ifinfomsg about;
    rtattr without;
    std::uint32_t what;
  } request{{sizeof request, RTM_GETLINK, NLM_F_REQUEST, 1, 0},
            {},
            {sizeof(rtattr) + sizeof(std::uint32_t), IFLA_EXT_MASK},
            RTEXT_FILTER_SKIP_STATS};
  request.about.ifi_index = interface;
  alignas(4) std::array<std::byte, 16384> answer;
  const int socket = done(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), "making a socket");
  done(static_cast<int>(::send(socket, &request, sizeof request, 0)), "asking");
  const int size = done(static_cast<int>(::recv(socket, answer.data(), answer.size(), 0)), "receiving");
  done(::close(socket), "closing");
  return xdp_program_in(answer.data(), static_cast<std::size_t>(size));
}

sides query_xdp(stage&) {
  sides all;
  attach_one(all,
             {.type = test::prog_type::xdp, .code = test::return_value(2), .expected_attach_type = attach_type::xdp},
             stage::loopback, attach_type::xdp);
  const auto there = [](std::uint32_t program) {
    if (program == 0) throw std::runtime_error("no XDP program is there");
  };
  all.raw = repeated([there] { there(ask_for_xdp(stage::loopback)); });
  all.ours = repeated([there, asked = xdp_query{.interface = stage::loopback}] {
    const auto told = query(asked);
    check(told);
    there(told->generic ? told->generic->program.value() : 0);
  });
  all.libbpf = BPFLINK_WITH_LIBBPF(repeated([there] {
    __u32 program = 0;
    done(bpf_xdp_query_id(stage::loopback, 0, &program), "asking for XDP");
    there(program);
  }));
  return all;
}

}  // namespace

void add_queries(std::vector<row>& rows) {
  const auto since = [](unsigned major, unsigned minor, const char* what) {
    return [=] { return test::needs_kernel(major, minor, what); };
  };
  rows.push_back({"cgroup: query", since(5, 7, "bpf_link"), query_cgroup});
  rows.push_back({"netns: query", since(5, 9, "sk_lookup"), query_sk_lookup});
  rows.push_back({"flow dissector: query", since(5, 8, "links to network namespaces"), query_flow_dissector});
  rows.push_back({"tcx: query", since(6, 6, "tcx links"), query_tcx});
  rows.push_back({"netkit: query", needs_netkit, query_netkit});
  rows.push_back({"sockmap: query", since(6, 10, "sockmap links"), query_sockmap});
  // Each attribute of the interface is looked at, and each length doubted; newer kernels tell more of them.
  constexpr double of_an_interface = 950;
  rows.push_back({"xdp: query", since(5, 9, "XDP links"), query_xdp, 0, of_an_interface});
}

}  // namespace bpflink::bench
