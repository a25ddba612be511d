// SPDX-License-Identifier: MIT
#include "explain/feature.hpp"

#include <cerrno>

#include "attach/raw_target.hpp"
#include "attach/rules.hpp"
#include "features/probes.hpp"
#include "kernel/release.hpp"

namespace bpflink::explain {

namespace {

diagnosis missing(std::string_view what, kernel_version version) noexcept {
  return {errc::not_supported,
          cause::missing_feature,
          text{"this kernel has no {}, which came with Linux {}.{}", what, version.major, version.minor},
          {}};
}

// What a kernel of the right version can be built without, alone among all that it has.
std::string_view configuration_of(feature what) noexcept {
  switch (what) {
    case feature::netkit_links:
      return "CONFIG_NETKIT";
    default:
      return {};
  }
}

}  // namespace

diagnosis lacking(feature what) noexcept {
  const auto option = configuration_of(what);
  if (option.empty() || kernel::running_version() < since(what)) return missing(description(what), since(what));
  return {errc::not_supported,
          cause::missing_configuration,
          text{"this kernel was built without {} ({})", description(what), option},
          {}};
}

diagnosis links_only() noexcept {
  return {errc::not_supported, cause::no_such_operation, text{"the kernel attaches programs there by a link only"}, {}};
}

std::optional<diagnosis> missing_feature(feature what) noexcept {
  if (probe(what) != availability::no) return std::nullopt;
  return lacking(what);
}

std::optional<diagnosis> missing_hook(attach_type where) noexcept {
  const auto programs = hooks::programs_of(where);
  const auto version = hooks::since(where);
  if (programs.empty() || !version) return std::nullopt;
  // Programs for maps load whatever the kernel makes of the hook.
  const bool at_map = hooks::target_of(where) == hooks::target_kind::map;
  const auto known = at_map ? features::attaches(programs.front(), where) : features::loads(programs.front(), where);
  if (known != availability::no) return std::nullopt;
  return missing(text{"hook {}", to_string(where)}.view(), *version);
}

std::optional<diagnosis> missing_driver(attach_type where) noexcept {
  if (where != attach_type::lirc_mode2) return std::nullopt;
  if (features::loads(program_type::lirc_mode2, where) != availability::no) return std::nullopt;
  return diagnosis{
      errc::not_supported,
      cause::missing_configuration,
      text{"this kernel has no programs at LIRC devices, which take Linux 4.18 and its option CONFIG_BPF_LIRC_MODE2"},
      {}};
}

diagnosis by_feature(kernel::failure failed, feature what) noexcept {
  if (failed.number != EINVAL && failed.number != E2BIG) return diagnose(failed);
  switch (probe(what)) {
    case availability::no:
      return lacking(what);
    case availability::yes:
      return {errc::invalid_argument, cause::unknown, text{"the kernel refused without a reason"}, {}};
    case availability::forbidden:
    case availability::unknown:
      break;
  }
  return diagnose(failed);
}

}  // namespace bpflink::explain
