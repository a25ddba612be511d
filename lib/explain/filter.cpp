// SPDX-License-Identifier: MIT
#include "explain/filter.hpp"

#include <cerrno>
#include <optional>

#include "attach/rules.hpp"
#include "bpflink/ids.hpp"
#include "explain/capability.hpp"
#include "explain/program.hpp"
#include "explain/xdp.hpp"

namespace bpflink::explain {

namespace {

std::optional<diagnosis> unfit(program_ref program, std::string_view which = "program") noexcept {
  return unfit_program(program, hooks::programs_of(attach_type::tcx_ingress), which);
}

// Filters of one priority are of one kind and for one protocol; ours are for all.
std::optional<diagnosis> taken(const kernel::filter_place& wanted, int number) noexcept {
  const auto socket = kernel::open_rtnetlink();
  if (!socket || wanted.priority == 0) return std::nullopt;
  std::optional<diagnosis> why;
  auto look = [&](const kernel::filter_state& there) {
    if (why || there.priority != wanted.priority || there.handle == 0) return;
    const bool same = there.handle == wanted.handle;
    if (number == EEXIST && !same) return;
    why = diagnosis{
        errc::busy, cause::slot_taken, text{"a {} filter has the priority {}", there.kind, there.priority}, {}};
    if (number == EEXIST) {
      why->reason.add(" and the handle {}", there.handle);
      if (there.program != 0) why->reason.add(": {}", describe_program(program_id{there.program}).view());
    } else {
      why->reason.add(", and takes no other kind or protocol beside it");
    }
    why->hint.add("another priority, or none, finds room");
  };
  static_cast<void>(kernel::each_filter(socket->get(), wanted.interface, wanted.hook, look));
  return why;
}

diagnosis built_without(std::string_view what) noexcept {
  return {errc::not_supported, cause::missing_configuration, text{"this kernel was built without {}", what}, {}};
}

std::optional<diagnosis> missing_net_admin() noexcept {
  // CAP_SYS_ADMIN does not serve here.
  return missing_capability({kernel::capability::net_admin}, kernel::capability::net_admin);
}

}  // namespace

diagnosis filter(const kernel::filter_place& wanted, program_ref program, kernel::failure failed) noexcept {
  switch (failed.number) {
    case EBADF:
    case EINVAL:
      if (auto wrong = unfit(program)) return *wrong;
      if (auto wrong = no_interface(wanted.interface)) return *wrong;
      if (auto held = taken(wanted, failed.number)) return *held;
      break;
    case ENODEV:
      if (auto wrong = no_interface(wanted.interface)) return *wrong;
      break;
    case EEXIST:
      if (failed.call == operation::netlink_new_qdisc) {
        return {errc::busy, cause::slot_taken, text{"an ingress qdisc is where clsact, which egress needs, would be"},
                text{"clsact can stand in for it"}};
      }
      if (auto held = taken(wanted, failed.number)) return *held;
      return {errc::busy, cause::unknown, text{"another filter is in the way"}, {}};
    case ENOENT:
      if (failed.call == operation::netlink_new_qdisc) return built_without("the clsact qdisc");
      if (failed.call == operation::netlink_new_filter) return built_without("BPF filters of tc");
      break;
    case EPERM:
      if (auto missing = missing_net_admin()) return *missing;
      break;
    default:
      break;
  }
  return diagnose(failed);
}

diagnosis filter_update(int socket, const kernel::filter_place& where, program_ref next,
                        const expected_program& expected, kernel::failure failed) noexcept {
  if (failed.number == ENODEV) {
    return {errc::defunct, cause::target_gone, text{"the interface is gone"}, text{"attach anew"}};
  }
  if (failed.number == EPERM) {
    if (auto missing = missing_net_admin()) return *missing;
  }
  if (failed.number != ENOENT && failed.number != EINVAL && failed.number != EBADF) return diagnose(failed);
  if (expected.asked_for) {
    if (auto wrong = unfit(expected.program, "expected old program")) return *wrong;
  }
  if (failed.call == operation::netlink_new_filter) {
    if (auto wrong = unfit(next)) return *wrong;
  }
  const auto there = kernel::program_of_filter(socket, where);
  if (!there) {
    return {errc::defunct, cause::detached, text{"somebody else had taken the filter away"}, text{"attach anew"}};
  }
  if (failed.call != operation::netlink_get_filter) return diagnose(failed);
  return {errc::conflict,
          cause::other_program,
          text{"{} is in the filter, not the {} {}", describe_program(program_id{*there}).view(),
               expected.asked_for ? "expected" : "handle's own", describe_program(expected.program).view()},
          {}};
}

}  // namespace bpflink::explain
