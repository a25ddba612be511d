// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <optional>

#include "bpflink/format.hpp"
#include "support/catch.hpp"

using namespace bpflink;

namespace {

template <class Details>
std::string line_of(link_type type, const Details& details) {
  return fmt::format("{}", link_info{.type = type, .id = link_id{17}, .program = program_id{255}, .details = details});
}

const std::string defunct = ", defunct: its target is gone or it was detached, program 255";

}  // namespace

TEST_CASE("format: a link of the network's hooks is one line", "[format]") {
  CHECK(line_of(link_type::tcx, tcx_info{ifindex{2}, attach_type::tcx_ingress}) ==
        "link 17: tcx tcx_ingress on interface 2, program 255");
  CHECK(line_of(link_type::tcx, tcx_info{std::nullopt, attach_type::tcx_egress}) ==
        "link 17: tcx tcx_egress" + defunct);
  CHECK(line_of(link_type::netkit, netkit_info{ifindex{3}, attach_type::netkit_peer}) ==
        "link 17: netkit netkit_peer on interface 3, program 255");
  CHECK(line_of(link_type::netfilter, netfilter_info{netfilter_family::ipv6, netfilter_hook::local_in, -50, false}) ==
        "link 17: netfilter ipv6 local_in with priority -50, program 255");
  CHECK(line_of(link_type::netfilter, netfilter_info{netfilter_family::ipv4, netfilter_hook::forward, 7, true}) ==
        "link 17: netfilter ipv4 forward with priority 7, fragments put together, program 255");
  CHECK(line_of(link_type::netfilter, netfilter_info{static_cast<netfilter_family>(7), {}, 0, false}) ==
        "link 17: netfilter unknown (7) pre_routing with priority 0, program 255");
  CHECK(line_of(link_type::sockmap, sockmap_info{map_id{9}, attach_type::sk_msg_verdict}) ==
        "link 17: sockmap sk_msg_verdict of map 9, program 255");
  CHECK(line_of(link_type::sockmap, sockmap_info{std::nullopt, attach_type::sk_skb_verdict}) ==
        "link 17: sockmap sk_skb_verdict" + defunct);
}

TEST_CASE("format: a struct_ops link has a map and no program", "[format]") {
  link_info info{
      .type = link_type::struct_ops, .id = link_id{17}, .program = {}, .details = struct_ops_info{map_id{9}}};
  CHECK(fmt::format("{}", info) == "link 17: struct_ops of map 9");
  info.details = struct_ops_info{std::nullopt};
  CHECK(fmt::format("{}", info) == "link 17: struct_ops, defunct: its target is gone or it was detached");
}

TEST_CASE("format: the words of netfilter", "[format]") {
  CHECK(fmt::format("{} {}", netfilter_family::ipv4, netfilter_hook::post_routing) == "ipv4 post_routing");
  CHECK(fmt::format("{}", static_cast<netfilter_hook>(9)) == "unknown (9)");
}
