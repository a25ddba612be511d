// SPDX-License-Identifier: MIT
#include "explain/order.hpp"

#include <algorithm>
#include <cerrno>

#include "attach/order.hpp"
#include "explain/capability.hpp"
#include "explain/holder.hpp"
#include "explain/program.hpp"
#include "kernel/bpf.hpp"
#include "kernel/files.hpp"

namespace bpflink::explain {

namespace {

using access = detail::position_access;
using sort = access::sort;

bool is_program(sort which) noexcept { return which == sort::program || which == sort::program_by_id; }
bool is_by_id(sort which) noexcept { return which == sort::link_by_id || which == sort::program_by_id; }

}  // namespace

std::optional<program_id> program_of_anchor(const position& where) noexcept {
  if (access::sort_of(where) == sort::program_by_id) return program_id{access::id(where)};
  return id_of_program(access::descriptor(where).get());
}

namespace {

std::optional<link_id> link_of(const position& where) noexcept {
  if (access::sort_of(where) == sort::link_by_id) return link_id{access::id(where)};
  kernel::link_info_header raw{};
  if (!kernel::obj_get_info(access::descriptor(where).get(), &raw, sizeof raw)) return std::nullopt;
  return link_id{raw.id};
}

}  // namespace

text describe_anchor(const position& where) noexcept {
  if (access::sort_of(where) == sort::program) return describe_program(program_ref{access::descriptor(where)});
  if (access::sort_of(where) == sort::program_by_id) return describe_program(program_id{access::id(where)});
  const auto id = link_of(where);
  return id ? text{"the link with id {}", id->value()} : text{"the link"};
}

std::optional<kernel::link_info_raw> link_of_anchor(const position& where) noexcept {
  unique_fd opened;
  fd_ref link = access::descriptor(where);
  if (access::sort_of(where) == sort::link_by_id) {
    auto found = kernel::link_get_fd_by_id(access::id(where));
    if (!found) return std::nullopt;
    opened = *std::move(found);
    link = opened;
  } else if (access::sort_of(where) != sort::link) {
    return std::nullopt;
  }
  kernel::link_info_raw raw{};
  if (!kernel::obj_get_info(link.get(), &raw, sizeof raw)) return std::nullopt;
  return raw;
}

namespace {

std::optional<diagnosis> no_such_id(const position& where) noexcept {
  const auto id = access::id(where);
  const bool program = access::sort_of(where) == sort::program_by_id;
  const auto found = program ? kernel::prog_get_fd_by_id(id) : kernel::link_get_fd_by_id(id);
  if (found || found.error().number != ENOENT) return std::nullopt;
  return diagnosis{errc::not_found,
                   cause::no_such_id,
                   text{"the position's {} id {} is nobody's", program ? "program" : "link", id},
                   {}};
}

std::optional<diagnosis> unfit_descriptor(const position& where) noexcept {
  const bool program = access::sort_of(where) == sort::program;
  if (program) {
    // A program of any type may stand at the hook.
    auto wrong = unfit_program(program_ref{access::descriptor(where)}, {}, "position's program");
    return wrong && wrong->why != cause::wrong_program_type ? wrong : std::nullopt;
  }
  const auto raw = access::descriptor(where).get();
  switch (kernel::kind_of(raw)) {
    case kernel::object_kind::closed:
      return diagnosis{
          errc::bad_handle, cause::closed_descriptor, text{"the position's link descriptor {} is closed", raw}, {}};
    case kernel::object_kind::link:
    case kernel::object_kind::unknown:
      return std::nullopt;
    default:
      return diagnosis{
          errc::wrong_type, cause::not_a_link, text{"the position's descriptor {} is that of no link", raw}, {}};
  }
}

// A position is told by what is attached there; without one, it cannot be wrong.
std::optional<diagnosis> anchor_missing(const place& there, const order& asked) noexcept {
  if (!asked.where || access::sort_of(*asked.where) == sort::none) return std::nullopt;
  if (auto wrong = unfit_anchor(asked)) return wrong;
  diagnosis why{errc::not_found, cause::anchor_missing, describe_anchor(*asked.where), {}};
  why.reason.add(", which the position is relative to, is not attached there");
  if (const auto now = attached_at(there); now && !now->empty()) {
    const auto first = describe_holder(there, (*now)[0].program);
    auto words = first.view();
    if (words.ends_with(',')) words.remove_suffix(1);
    why.hint.add("there is {}", words);
    if (now->size() > 1) why.hint.add(" and {} more", now->size() - 1);
  }
  return why;
}

// Whether the anchor is known not to be attached there.
bool is_elsewhere(const place& there, const position& where) noexcept {
  const auto now = attached_at(there);
  const bool by_program = is_program(access::sort_of(where));
  const auto program = by_program ? program_of_anchor(where) : std::nullopt;
  const auto link = by_program ? std::nullopt : link_of(where);
  if (!now || (!program && !link)) return false;
  return std::none_of(now->begin(), now->end(), [&](const attached_program& row) {
    return by_program ? row.program == program : row.link == link;
  });
}

diagnosis stale(const place& there, const order& asked) noexcept {
  diagnosis why{errc::conflict, cause::stale_revision, text{"the hook has changed"}, {}};
  if (asked.expected) {
    why.reason.add(": its revision is not the expected {}", asked.expected->value());
    const auto now = attached_at(there);
    if (now && now->revision()) why.reason.add(", but {}", now->revision()->value());
  }
  why.hint.add("ask again what is attached, and retry");
  return why;
}

// Links are searched by those who may see all of them.
diagnosis unseen(const position& where) noexcept {
  auto why =
      missing_capability({kernel::capability::sys_admin})
          .value_or(diagnosis{errc::system, cause::unknown, text{"the system's links cannot be looked through"}, {}});
  why.reason.add(", so which link holds {} there cannot be told", describe_anchor(where).view());
  why.hint.add("name the link");
  return why;
}

}  // namespace

std::optional<diagnosis> unfit_anchor(const order& asked) noexcept {
  if (!asked.where || access::sort_of(*asked.where) == sort::none) return std::nullopt;
  return is_by_id(access::sort_of(*asked.where)) ? no_such_id(*asked.where) : unfit_descriptor(*asked.where);
}

std::optional<diagnosis> refused_order(const place& there, const order& asked, kernel::failure failed) noexcept {
  switch (failed.number) {
    case ESTALE:
      return stale(there, asked);
    case ENOENT:
      return anchor_missing(there, asked);
    case EBADF:
      return unfit_anchor(asked);
    case EINVAL:
      if (auto wrong = unfit_anchor(asked)) return wrong;
      // At an interface the kernel says so to a link or program of another type.
      if (there.kind != hooks::target_kind::interface || !asked.where) return std::nullopt;
      return is_elsewhere(there, *asked.where) ? anchor_missing(there, asked) : std::nullopt;
    default:
      return std::nullopt;
  }
}

tl::expected<std::optional<link_id>, diagnosis> link_holding_anchor(const place& there, const order& asked) noexcept {
  if (!asked.where || !is_program(access::sort_of(*asked.where))) return std::nullopt;
  const auto program = program_of_anchor(*asked.where);
  if (!program) return std::nullopt;
  const auto wanted = link_place_of(there);
  std::optional<link_id> found;
  int count = 0;
  const auto search = find_link([&](const kernel::link_info_raw& raw) {
    const auto held = place_of(raw);
    if (raw.prog_id == program->value() && held.type == wanted.type && held.where == wanted.where &&
        held.target == wanted.target && held.target != 0) {
      found = link_id{raw.id};
      ++count;
    }
    return false;
  });
  if (count > 1) {
    return tl::unexpected(diagnosis{errc::ambiguous, cause::bad_option,
                                    text{"{} is attached there by {} links, so the position says not where",
                                         describe_program(*program).view(), count},
                                    text{"name one of the links"}});
  }
  if (!search.complete || wanted.target == 0) return tl::unexpected(unseen(*asked.where));
  return found;
}

}  // namespace bpflink::explain
