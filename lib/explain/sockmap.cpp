// SPDX-License-Identifier: MIT
#include "explain/sockmap.hpp"

#include "attached.hpp"
#include "explain/program.hpp"
#include "kernel/bpf.hpp"
#include "kernel/files.hpp"

namespace bpflink::explain {

namespace {

constexpr kernel::u32 type_sockmap = 15;
constexpr kernel::u32 type_sockhash = 18;

std::optional<kernel::map_info_raw> info_of(fd_ref map) noexcept {
  kernel::map_info_raw raw{};
  if (kernel::kind_of(map.get()) != kernel::object_kind::map) return std::nullopt;
  if (!kernel::obj_get_info(map.get(), &raw, sizeof raw)) return std::nullopt;
  return raw;
}

std::optional<attach_type> twin_of(attach_type where) noexcept {
  if (where == attach_type::sk_skb_verdict) return attach_type::sk_skb_stream_verdict;
  if (where == attach_type::sk_skb_stream_verdict) return attach_type::sk_skb_verdict;
  return std::nullopt;
}

}  // namespace

std::optional<kernel::u32> id_of_map(fd_ref map) noexcept {
  const auto info = info_of(map);
  return info ? std::optional{info->id} : std::nullopt;
}

std::optional<diagnosis> unfit_sockmap(fd_ref map) noexcept {
  const auto kind = kernel::kind_of(map.get());
  if (kind == kernel::object_kind::unknown) return std::nullopt;
  if (kind != kernel::object_kind::map) {
    return diagnosis{errc::wrong_type, cause::not_a_map, text{"the target is no map"}, {}};
  }
  const auto info = info_of(map);
  if (!info || info->type == type_sockmap || info->type == type_sockhash) return std::nullopt;
  return diagnosis{errc::wrong_type, cause::wrong_map_type, text{"the target is neither a sockmap nor a sockhash"}, {}};
}

std::optional<diagnosis> taken_by_twin(fd_ref map, attach_type where) noexcept {
  const auto twin = twin_of(where);
  if (!twin) return std::nullopt;
  const auto found = query_attached({.target = kernel::descriptor(map.get()), .where = *twin});
  if (!found || found->empty()) return std::nullopt;
  return diagnosis{errc::busy,
                   cause::slot_taken,
                   text{"{} is attached at {}, which excludes {}", describe_program((*found)[0].program).view(),
                        to_string(*twin), to_string(where)},
                   {}};
}

}  // namespace bpflink::explain
