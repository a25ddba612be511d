// SPDX-License-Identifier: MIT
#include "explain/netfilter.hpp"

#include <cerrno>
#include <optional>

#include "attach/rules.hpp"
#include "explain/feature.hpp"
#include "explain/holder.hpp"
#include "explain/program.hpp"
#include "kernel/bpf.hpp"
#include "kernel/files.hpp"

namespace bpflink::explain {

namespace {

constexpr std::int32_t defragmentation = -400;  // NF_IP_PRI_CONNTRACK_DEFRAG

diagnosis bad_option(std::string_view why) noexcept {
  return {errc::invalid_argument, cause::bad_option, text{"{}", why}, {}};
}

bool is_at(const kernel::link_info_raw& link, const netfilter_place& place) noexcept {
  return link.type == static_cast<kernel::u32>(link_type::netfilter) &&
         link.netfilter.pf == static_cast<kernel::u32>(place.family) &&
         link.netfilter.hooknum == static_cast<kernel::u32>(place.hook) && link.netfilter.priority == place.priority;
}

// A link does not tell its network namespace, nor whether it was detached.
diagnosis taken(const netfilter_place& place) noexcept {
  diagnosis why{errc::busy, cause::slot_taken, text{"this priority is taken at this hook"},
                text{"take another priority: each is given once"}};
  kernel::link_info_raw one{};
  int count = 0;
  const auto search = find_link([&](const kernel::link_info_raw& raw) {
    if (is_at(raw, place)) {
      one = raw;
      ++count;
    }
    return false;
  });
  if (count == 1) {
    why.reason.add(
        "; the link with id {} is made for it, with {}, in a network namespace that the kernel does not tell", one.id,
        describe_program(program_id{one.prog_id}).view());
  } else if (count > 1) {
    why.reason.add("; {} links are made for it, in network namespaces that the kernel does not tell", count);
  } else if (search.complete) {
    // A link that is ending cannot be opened any more, and may hold its place for a moment still.
    why.reason.add("; no link that can be opened is made for it");
  }
  return why;
}

std::string_view module_of(netfilter_family family) noexcept {
  return family == netfilter_family::ipv4 ? "nf_defrag_ipv4" : "nf_defrag_ipv6";
}

diagnosis no_module(netfilter_family family) noexcept {
  return {errc::not_supported, cause::missing_configuration,
          text{"the kernel could not load its module {}, which puts fragments together", module_of(family)},
          text{"modprobe {}", module_of(family)}};
}

std::optional<diagnosis> missing_module(const netfilter_place& place) noexcept {
  const char* const loaded =
      place.family == netfilter_family::ipv4 ? "/sys/module/nf_defrag_ipv4" : "/sys/module/nf_defrag_ipv6";
  if (!place.defragment || kernel::is_missing("/sys/module") || !kernel::is_missing(loaded)) return std::nullopt;
  return no_module(place.family);
}

diagnosis unfit(const netfilter_place& place, program_ref program, kernel::failure failed) noexcept {
  const auto wrong = unfit_program(program, hooks::programs_of(attach_type::netfilter));
  if (wrong && wrong->why != cause::wrong_program_type) return *wrong;
  // A kernel without such links has no programs of the type either.
  if (auto missing = missing_feature(feature::netfilter_links)) return *missing;
  if (wrong) return *wrong;
  // The kernel hands on how its call for the module ended.
  if (auto missing = failed.number == EINVAL ? missing_module(place) : std::nullopt) return *missing;
  return by_feature(failed, feature::netfilter_links);
}

std::optional<diagnosis> unsupported(const netfilter_place& place) noexcept {
  if (auto missing = missing_feature(feature::netfilter_links)) return missing;
  return place.defragment ? missing_feature(feature::netfilter_defragment) : std::nullopt;
}

}  // namespace

diagnosis netfilter(const netfilter_place& place, program_ref program, kernel::failure failed) noexcept {
  switch (failed.number) {
    case EBADF:
    case EINVAL:
      return unfit(place, program, failed);
    case EBUSY:
      return taken(place);
    case ENOENT:
      if (auto missing = missing_module(place)) return *missing;
      break;
    case EOPNOTSUPP:
      if (auto missing = unsupported(place)) return *missing;
      break;
    case EAFNOSUPPORT:
      if (!place.defragment) return bad_option(no_such_family);
      return {errc::not_supported,
              cause::missing_configuration,
              text{"this kernel was built without putting {} fragments together", to_string(place.family)},
              {}};
    case EPROTO:
      return bad_option(no_such_hook);
    case ERANGE:
      return bad_option(place.defragment && place.priority <= defragmentation
                            ? before_defragmentation
                            : "the kernel keeps the first and the last priority to itself");
    default:
      break;
  }
  return diagnose(failed);
}

}  // namespace bpflink::explain
