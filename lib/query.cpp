// SPDX-License-Identifier: MIT
#include "query.hpp"

#include <cerrno>

#include "explain/capability.hpp"
#include "explain/feature.hpp"

namespace bpflink::hooks {

diagnosis query_refused(const explain::place& there, kernel::failure failed) noexcept {
  switch (failed.number) {
    case EPERM:
      if (auto missing = explain::missing_capability({kernel::capability::net_admin})) return *missing;
      break;
    case EBADF:
    case ENODEV:
    case ENOENT:
    case EOPNOTSUPP:  // a map without hooks
      if (auto wrong = explain::unfit_target(there)) return *wrong;
      break;
    case EBUSY:
      if (auto held = explain::excluded(there)) return *held;
      break;
    case ENXIO:
    case EACCES:
      if (auto wrong = explain::no_netkit(there, failed)) return *wrong;
      break;
    case EINVAL:
      if (auto missing = explain::missing_driver(there.where)) return *missing;
      if (there.kind == target_kind::interface) {
        if (auto missing = explain::missing_feature(explain::link_feature_of(there.where))) return *missing;
      }
      if (auto wrong = explain::unfit_target(there)) return *wrong;
      if (auto missing = explain::missing_feature(feature::prog_query)) return *missing;
      if (auto missing = explain::missing_hook(there.where)) return *missing;
      if (there.kind == target_kind::map) {
        return {errc::not_supported,
                cause::missing_feature,
                text{"this kernel does not tell what is attached to maps; Linux does since 5.18"},
                {}};
      }
      return {errc::not_supported,
              cause::no_such_operation,
              text{"the kernel does not tell what is attached at {}", to_string(there.where)},
              {}};
    default:
      break;
  }
  return diagnose(failed);
}

}  // namespace bpflink::hooks
