// SPDX-License-Identifier: MIT
#include "explain/sockmap.hpp"

#include "attached.hpp"
#include "bpflink/features.hpp"
#include "explain/holder.hpp"
#include "explain/map.hpp"
#include "explain/program.hpp"
#include "kernel/map.hpp"

namespace bpflink::explain {

namespace {

std::optional<attach_type> twin_of(attach_type where) noexcept {
  if (where == attach_type::sk_skb_verdict) return attach_type::sk_skb_stream_verdict;
  if (where == attach_type::sk_skb_stream_verdict) return attach_type::sk_skb_verdict;
  return std::nullopt;
}

}  // namespace

std::optional<diagnosis> unfit_sockmap(fd_ref map) noexcept {
  if (auto wrong = no_map(map, "target")) return wrong;
  const auto info = told_of_map(map);
  if (!info || info->type == kernel::map_type_sockmap || info->type == kernel::map_type_sockhash) return std::nullopt;
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

diagnosis would_evict(fd_ref map, attach_type where, program_id there, program_ref program) noexcept {
  const auto search = find_link_at({link_type::sockmap, where, id_of_map(map).value_or(0)}, there);
  diagnosis why{errc::busy, cause::slot_taken, describe_program(there), {}};
  if (search.found) {
    why.reason.add(", held by the link with id {}, is attached there", search.found->id);
    why.hint.add("update or detach that link");
  } else if (!search.complete && probe(feature::sockmap_links) != availability::no) {
    why.reason.add(" is attached there; whether by a link cannot be told without CAP_SYS_ADMIN");
  } else if (id_of_program(program.fd().get()) == there) {
    why.code = errc::already_exists;
    why.why = cause::already_attached;
    why.reason.add(" is attached there already, without a link");
  } else {
    why.why = cause::would_evict;
    why.reason.add(" is attached there without a link, and the kernel would throw it out");
    why.hint.add("detach it, or allow its eviction; a link that is just ending goes by itself");
  }
  return why;
}

}  // namespace bpflink::explain
