// SPDX-License-Identifier: MIT
#include "explain/struct_ops.hpp"

#include <cerrno>

#include "explain/feature.hpp"
#include "explain/holder.hpp"
#include "explain/struct_ops_map.hpp"
#include "explain/struct_ops_value.hpp"
#include "kernel/files.hpp"

namespace bpflink::explain {

namespace {

// The link that has registered a map of this name, or this very map.
text describe_registrar(std::string_view name) noexcept {
  struct_ops_map theirs{};
  const auto search = find_link([&](const kernel::link_info_raw& raw) {
    if (raw.type != static_cast<kernel::u32>(link_type::struct_ops) || raw.struct_ops.map_id == 0) return false;
    const auto map = struct_ops_map_of(raw.struct_ops.map_id);
    if (!map || map->name != name) return false;
    theirs = *map;
    return true;
  });
  if (!search.found) return {};
  return text{"by {}, held by the link with id {}", describe_map(theirs.info).view(), search.found->id};
}

diagnosis name_taken(const bounded_string<64>& name, kernel::u32 type) noexcept {
  diagnosis why{errc::already_exists, cause::name_taken, {}, {}};
  if (name.empty()) {
    why.reason.add("something of the map's name is registered already");
    return why;
  }
  const auto table = table_of(type);
  why.reason.add("'{}' is registered with the kernel already", name.view());
  if (!table.empty()) why.reason.add(" ({})", table.view());
  if (const auto who = describe_registrar(name.view()); !who.empty()) why.reason.add(", {}", who.view());
  return why;
}

std::optional<diagnosis> linked_already(const struct_ops_map& map) noexcept {
  const auto search = find_link([&map](const kernel::link_info_raw& raw) {
    return raw.type == static_cast<kernel::u32>(link_type::struct_ops) && raw.struct_ops.map_id == map.info.id;
  });
  if (!search.found) return std::nullopt;
  return diagnosis{errc::already_exists,
                   cause::already_attached,
                   text{"this map is registered already, by the link with id {}", search.found->id},
                   {}};
}

// The kernel takes a value once.
std::optional<diagnosis> filled_already(map_ref map) noexcept {
  const auto found = struct_ops_map_of(map.fd());
  if (!found || !found->state) return std::nullopt;
  switch (*found->state) {
    case kernel::struct_ops_registered:
      return diagnosis{
          errc::already_exists, cause::already_attached, text{"the map has registered itself already"}, {}};
    case kernel::struct_ops_unregistered:
      return diagnosis{errc::defunct, cause::detached,
                       text{"the map was registered and unregistered, which it can be once"}, text{"make a new map"}};
    case kernel::struct_ops_ready:
      return diagnosis{errc::busy, cause::bad_option, text{"the map has its value already, and takes one once"},
                       text{"attach it without a value"}};
    default:
      return std::nullopt;
  }
}

std::optional<diagnosis> not_as_expected(const std::optional<kernel::link_info_raw>& now,
                                         map_ref expected_old) noexcept {
  const auto expected = struct_ops_map_of(expected_old.fd());
  if (!now || !expected || now->struct_ops.map_id == 0 || now->struct_ops.map_id == expected->info.id) {
    return std::nullopt;
  }
  const auto there = struct_ops_map_of(now->struct_ops.map_id);
  const auto who = there ? describe_map(there->info) : text{"the map with id {}", now->struct_ops.map_id};
  return diagnosis{errc::conflict,
                   cause::other_program,
                   text{"{} is registered, not the expected {}", who.view(), describe_map(expected->info).view()},
                   {}};
}

std::optional<diagnosis> of_another_table(const kernel::link_info_raw& now, map_ref next) noexcept {
  const auto there = struct_ops_map_of(now.struct_ops.map_id);
  const auto wanted = struct_ops_map_of(next.fd());
  if (!there || !wanted) return std::nullopt;
  const auto ours = there->info.btf_vmlinux_value_type_id;
  const auto theirs = wanted->info.btf_vmlinux_value_type_id;
  if (ours != theirs) {
    return diagnosis{errc::wrong_type,
                     cause::wrong_map_type,
                     text{"the map is a table of {}, the link's of {}", table_of(theirs).view(), table_of(ours).view()},
                     {}};
  }
  if (there->name == wanted->name.view()) return std::nullopt;
  return diagnosis{errc::invalid_argument,
                   cause::bad_option,
                   text{"the map registers '{}', the link's map '{}': only one of the same name can take its place",
                        wanted->name.view(), there->name.view()},
                   {}};
}

std::optional<diagnosis> unfit_member(map_ref map, std::span<const std::byte> value) noexcept {
  const auto own = struct_ops_map_of(map.fd());
  return own ? unfit_struct_ops_member(value, own->info.btf_vmlinux_value_type_id) : std::nullopt;
}

}  // namespace

diagnosis refused_struct_ops(map_ref map, kernel::failure failed) noexcept {
  switch (failed.number) {
    case EBADF:
    case EBADFD:
    case EINVAL:
      if (auto wrong = unfit_struct_ops_map(map.fd())) return *wrong;
      if (auto missing = missing_feature(feature::struct_ops_links)) {
        missing->hint.add("without them a map registers itself when it is filled: give attach the value");
        return *missing;
      }
      if (auto wrong = unready_struct_ops_map(map.fd())) return *wrong;
      return by_feature(failed, feature::struct_ops_links);
    case EEXIST:
      if (const auto ours = struct_ops_map_of(map.fd())) {
        if (auto twice = linked_already(*ours)) return *twice;
        return name_taken(ours->name, ours->info.btf_vmlinux_value_type_id);
      }
      return name_taken({}, 0);
    default:
      return diagnose(failed);
  }
}

std::optional<diagnosis> unfit_struct_ops_value(map_ref map, const kernel::map_info_raw& info,
                                                std::size_t size) noexcept {
  if (info.type == kernel::map_type_struct_ops && info.value_size == size) return std::nullopt;
  if (auto wrong = unfit_struct_ops_map(map.fd())) return wrong;
  return diagnosis{errc::invalid_argument,
                   cause::bad_option,
                   text{"the map's value has {} bytes, the given one {}", info.value_size, size},
                   {}};
}

diagnosis refused_struct_ops_value(map_ref map, std::span<const std::byte> value, kernel::failure failed) noexcept {
  switch (failed.number) {
    case EBADF:
    case EBADFD:
      if (auto wrong = unfit_struct_ops_map(map.fd())) return *wrong;
      if (auto wrong = unfit_member(map, value)) return *wrong;
      return {errc::bad_handle, cause::closed_descriptor, text{"a program's descriptor in the value is closed"}, {}};
    case EINVAL:
      if (auto wrong = unfit_struct_ops_map(map.fd())) return *wrong;
      if (failed.call != operation::map_update) return diagnose(failed);
      if (auto wrong = unfit_member(map, value)) return *wrong;
      return {errc::invalid_argument, cause::unknown, text{"the kernel refused the value"},
              text{"functions take struct_ops programs that were loaded for them, those that must be there have to be, "
                   "and all that is no function or name is zero"}};
    case EBUSY:
      if (auto filled = filled_already(map)) return *filled;
      break;
    case EEXIST:
      if (const auto ours = struct_ops_map_of(map.fd())) {
        return name_taken(name_in(value, ours->info.btf_vmlinux_value_type_id), ours->info.btf_vmlinux_value_type_id);
      }
      break;
    default:
      break;
  }
  return diagnose(failed);
}

diagnosis refused_map(const std::optional<kernel::link_info_raw>& now, map_ref next, const map_ref* expected_old,
                      kernel::failure failed) noexcept {
  switch (failed.number) {
    case EPERM:
      if (auto wrong = expected_old != nullptr ? not_as_expected(now, *expected_old) : std::nullopt) return *wrong;
      break;
    case ENOLINK:
      return {errc::defunct, cause::detached, text{"the link was detached"}, text{"attach anew"}};
    case EOPNOTSUPP:
      return {errc::not_supported, cause::no_such_operation, text{"the kernel cannot swap tables of this kind"}, {}};
    case EBADF:
    case EBADFD:
    case EINVAL:
      if (auto wrong = unfit_struct_ops_map(next.fd())) return *wrong;
      if (expected_old != nullptr) {
        if (auto wrong = unfit_struct_ops_map(expected_old->fd(), "expected old map")) return *wrong;
      }
      if (auto wrong = unready_struct_ops_map(next.fd())) return *wrong;
      if (auto wrong = now ? of_another_table(*now, next) : std::nullopt) return *wrong;
      return by_feature(failed, feature::struct_ops_links);
    default:
      break;
  }
  return diagnose(failed);
}

}  // namespace bpflink::explain
