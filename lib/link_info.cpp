// SPDX-License-Identifier: MIT
#include <array>
#include <cerrno>
#include <climits>

#include "attachment.hpp"
#include "bpflink/info.hpp"
#include "bpflink/link.hpp"
#include "explain/feature.hpp"
#include "explain/link.hpp"
#include "failure.hpp"
#include "info_parts.hpp"
#include "kernel/bpf.hpp"

namespace bpflink {

namespace {

using kernel::link_info_raw;

// Some fields came to a kind after the kind itself. The kernel leaves those that it does not know as they were, so a
// value that nobody would give shows that it told nothing.
constexpr kernel::u64 untold = 0xb9f1'1a4b'dead'c0deULL;

constexpr kernel::u32 header_size = offsetof(link_info_raw, bytes);

// One call where the kind is known; the name's buffer must outlive the answer.
struct question {
  link_info_raw raw{};
  kernel::u32 size = sizeof(link_info_raw);
};

void ask_for_kind(question& asked, link_type kind, std::span<char> name) noexcept {
  switch (kind) {
    case link_type::raw_tracepoint:
      asked.raw.raw_tracepoint.tp_name = kernel::pointer(name.data());
      asked.raw.raw_tracepoint.tp_name_len = static_cast<kernel::u32>(name.size());
      asked.raw.raw_tracepoint.cookie = untold;
      break;
    case link_type::tracing:
      asked.raw.tracing.cookie = untold;
      break;
    case link_type::iterator:
      asked.raw.iterator.target_name = kernel::pointer(name.data());
      asked.raw.iterator.target_name_len = static_cast<kernel::u32>(name.size());
      break;
    case link_type::perf_event:
      info_parts::ask_perf_event(asked.raw, name, untold);
      break;
    default:
      break;
  }
}

kernel::result<kernel::u32> ask(fd_ref link, question& asked) noexcept {
  return kernel::obj_get_info(link.get(), &asked.raw, asked.size);
}

std::optional<bpflink::cookie> told(kernel::u64 value) noexcept {
  return value == untold ? std::nullopt : std::optional{bpflink::cookie{value}};
}

raw_tracepoint_info raw_tracepoint_details(const link_info_raw& raw, std::span<const char> name) noexcept {
  return {.name = bounded_string<128>{std::string_view{name.data()}}, .cookie = told(raw.raw_tracepoint.cookie)};
}

tracing_info tracing_details(const link_info_raw& raw) noexcept {
  return {.hook = static_cast<attach_type>(raw.tracing.attach_type),
          .target_object = raw.tracing.target_obj_id,
          .target_type = raw.tracing.target_btf_id,
          .cookie = told(raw.tracing.cookie)};
}

iterator_info iterator_details(const link_info_raw& raw, std::span<const char> name) noexcept {
  iterator_info info{.target = bounded_string<64>{std::string_view{name.data()}}, .parameters = {}};
  const auto target = info.target.view();
  if (target == "bpf_map_elem" || target == "bpf_sk_storage_map" || target == "sockmap") {
    info.parameters = iterator_map_info{map_id{raw.iterator.map_id}};
  } else if (target == "cgroup" && raw.iterator.order != 0) {
    info.parameters = iterator_cgroup_info{raw.iterator.cgroup_id, static_cast<cgroup_order>(raw.iterator.order)};
  } else if (target == "task" || target == "task_file" || target == "task_vma") {
    info.parameters = iterator_task_info{raw.iterator_task.tid, raw.iterator_task.pid};
  }
  return info;
}

netfilter_info netfilter_details(const kernel::link_info_netfilter& raw) noexcept {
  return {.family = static_cast<netfilter_family>(raw.pf),
          .hook = static_cast<netfilter_hook>(raw.hooknum),
          .priority = raw.priority,
          .defragment = (raw.flags & kernel::netfilter_defragment) != 0};
}

std::optional<map_id> map_of(kernel::u32 id) noexcept { return id != 0 ? std::optional{map_id{id}} : std::nullopt; }

unknown_info unknown_details(const link_info_raw& raw, kernel::u32 length) noexcept {
  unknown_info info;
  info.bytes = raw.bytes;
  info.size = length > header_size ? length - header_size : 0;
  return info;
}

// Kinds that have neither names nor lists.
constexpr bool answers_shortly(link_type kind) noexcept {
  switch (kind) {
    case link_type::cgroup:
    case link_type::netns:
    case link_type::xdp:
    case link_type::tcx:
    case link_type::netkit:
    case link_type::netfilter:
    case link_type::sockmap:
    case link_type::struct_ops:
      return true;
    default:
      return false;
  }
}

template <class Raw, class Details>
link_info made(const Raw& raw, const Details& details) noexcept {
  return {.type = static_cast<link_type>(raw.type),
          .id = link_id{raw.id},
          .program = raw.prog_id != 0 ? std::optional{program_id{raw.prog_id}} : std::nullopt,
          .details = details};
}

// What these kinds tell, in whichever structure the answer lies. `make` gets the details, and makes of them what is
// returned: put into what was made before, they would take longer.
template <class Raw, class Make>
[[gnu::always_inline]] inline auto tell_short(link_type kind, const Raw& raw, const Make& make) noexcept {
  switch (kind) {
    case link_type::cgroup:
      return make(cgroup_info{raw.cgroup.cgroup_id, static_cast<attach_type>(raw.cgroup.attach_type)});
    case link_type::netns:
      return make(netns_info{raw.netns.netns_ino, static_cast<attach_type>(raw.netns.attach_type)});
    case link_type::tcx:
      return make(tcx_info{ifindex::from(raw.tcx.ifindex), static_cast<attach_type>(raw.tcx.attach_type)});
    case link_type::netkit:
      return make(netkit_info{ifindex::from(raw.netkit.ifindex), static_cast<attach_type>(raw.netkit.attach_type)});
    case link_type::netfilter:
      return make(netfilter_details(raw.netfilter));
    case link_type::sockmap:
      return make(sockmap_info{map_of(raw.sockmap.map_id), static_cast<attach_type>(raw.sockmap.attach_type)});
    case link_type::struct_ops:
      return make(struct_ops_info{map_of(raw.struct_ops.map_id)});
    default:
      return make(xdp_info{ifindex::from(raw.xdp.ifindex)});
  }
}

link_info from_raw(const link_info_raw& raw, kernel::u32 length, std::span<const char> name) noexcept {
  const auto kind = static_cast<link_type>(raw.type);
  if (answers_shortly(kind)) {
    return tell_short(kind, raw, [&raw](const auto& details) { return made(raw, details); });
  }
  auto info = made(raw, std::monostate{});
  switch (kind) {
    case link_type::raw_tracepoint:
      info.details = raw_tracepoint_details(raw, name);
      break;
    case link_type::tracing:
      info.details = tracing_details(raw);
      break;
    case link_type::iterator:
      info.details = iterator_details(raw, name);
      break;
    case link_type::perf_event:
      info.details = info_parts::perf_event(raw, name, untold);
      break;
    case link_type::uprobe_multi:  // filled by a call of its own
    case link_type::unspecified:
      break;
    default:
      info.details = unknown_details(raw, length);
      break;
  }
  return info;
}

constexpr std::string_view verb = "ask for information on";

[[gnu::cold, gnu::noinline]] expected<link_info> refused(const link_handle& link, const detail::attachment& held,
                                                         kernel::failure why) noexcept {
  if (!link.can_pin()) return tl::unexpected(explain::cannot(held, verb));
  const auto what = explain::on_link(held, verb);
  if (auto missing = why.number == EINVAL ? explain::missing_feature(feature::link_info) : std::nullopt) {
    return tl::unexpected(make_error(what, why, *missing));
  }
  return tl::unexpected(make_error(what, why));
}

[[gnu::cold, gnu::noinline]] expected<link_info> cannot(const detail::attachment& held) noexcept {
  return tl::unexpected(explain::cannot(held, verb));
}

// What kinds have to tell that has neither names nor lists, as the kernel lays it out: no longer than that, for the
// kernel goes through what is more than it knows.
struct short_answer {
  kernel::link_info_header header;
  union {
    std::array<kernel::u64, 2> words{};
    kernel::link_info_cgroup cgroup;
    kernel::link_info_netns netns;
    kernel::link_info_xdp xdp;
    kernel::link_info_tcx tcx;
    kernel::link_info_netkit netkit;
    kernel::link_info_netfilter netfilter;
    kernel::link_info_sockmap sockmap;
    kernel::link_info_struct_ops struct_ops;
  };
};

// Inline: out of the kernel each function on the way back costs its time (kernel/call.hpp).
[[gnu::always_inline]] inline expected<link_info> short_info(const link_handle& link,
                                                             const detail::attachment& held) noexcept {
  short_answer raw{};
  const auto told = kernel::obj_get_info(held.holder.get(), raw);
  if (!told) return refused(link, held, told.error());
  return tell_short(held.type, raw,
                    [&raw](const auto& details) -> expected<link_info> { return made(raw.header, details); });
}

[[gnu::noinline]] expected<link_info> full_info(const link_handle& link, const detail::attachment& held) noexcept {
  question asked;
  auto kind = held.type;
  if (kind == link_type::unspecified) {
    asked.size = header_size;
    if (const auto header = ask(held.holder, asked); !header) return refused(link, held, header.error());
    kind = static_cast<link_type>(asked.raw.type);
    asked = {};
  }
  if (kind == link_type::uprobe_multi) {
    auto info = info_parts::uprobe_multi(held.holder);
    if (!info) return refused(link, held, info.error());
    return *std::move(info);
  }

  // Paths of perf events may be as long as paths get; other kinds' names are bounded by the kernel.
  std::array<char, PATH_MAX> name;
  name[0] = '\0';
  ask_for_kind(asked, kind, name);
  auto length = ask(held.holder, asked);
  // A kernel whose structure ends before a field that was marked does not tell that field; one that ends before the
  // name tells nothing of the kind.
  const kernel::u32 name_end = header_size + (kind == link_type::perf_event ? 24 : 16);
  for (const auto size : {name_end, header_size}) {
    if (length || length.error().number != E2BIG) break;
    asked = {};
    if (size != header_size) ask_for_kind(asked, kind, name);
    asked.size = size;
    length = ask(held.holder, asked);
  }
  if (!length) return refused(link, held, length.error());
  return from_raw(asked.raw, *length, name);
}

}  // namespace

expected<link_info> link_handle::info() const noexcept {
  if (!attachment_ || !attachment_.operations->may_be_link) return cannot(attachment_);
  if (answers_shortly(attachment_.type)) return short_info(*this, attachment_);
  return full_info(*this, attachment_);
}

std::optional<bool> link_info::defunct() const noexcept {
  if (const auto* const cgroup = std::get_if<cgroup_info>(&details)) return cgroup->cgroup_id == 0;
  if (const auto* const netns = std::get_if<netns_info>(&details)) return netns->netns_inode == 0;
  if (const auto* const xdp = std::get_if<xdp_info>(&details)) return !xdp->interface.has_value();
  if (const auto* const tcx = std::get_if<tcx_info>(&details)) return !tcx->interface.has_value();
  if (const auto* const netkit = std::get_if<netkit_info>(&details)) return !netkit->interface.has_value();
  if (const auto* const sockmap = std::get_if<sockmap_info>(&details)) return !sockmap->map.has_value();
  if (const auto* const struct_ops = std::get_if<struct_ops_info>(&details)) return !struct_ops->map.has_value();
  return std::nullopt;
}

}  // namespace bpflink
