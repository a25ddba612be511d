// SPDX-License-Identifier: MIT
#include "bpflink/attach/iterator.hpp"

#include <array>
#include <cerrno>
#include <limits>
#include <optional>

#include "attachment.hpp"
#include "explain/cgroup.hpp"
#include "explain/iterator.hpp"
#include "failure.hpp"
#include "kernel/bpf.hpp"
#include "kernel/files.hpp"

namespace bpflink {

namespace {

using kind = iterator_parameters::kind;

constexpr std::uint64_t highest_process = std::numeric_limits<std::int32_t>::max();

attempt attempted(const iterator_options& options) noexcept {
  attempt what{text{"attach iterator"}, "over", {}};
  const auto& chosen = options.parameters;
  switch (chosen.how()) {
    case kind::none:
      what.joint = {};
      break;
    case kind::map:
      what.target.add("map (descriptor {})", chosen.descriptor().get());
      break;
    case kind::cgroup:
      if (chosen.descriptor()) {
        what.target.add("cgroups from descriptor {}", chosen.descriptor().get());
      } else {
        what.target.add("cgroups from {}", chosen.path().view());
      }
      break;
    case kind::cgroup_id:
      what.target.add("cgroups from id {}", chosen.number());
      break;
    case kind::thread:
      what.target.add("thread {}", chosen.number());
      break;
    case kind::process:
      what.target.add("process {}", chosen.number());
      break;
    case kind::pidfd:
      what.target.add("process (descriptor {})", chosen.descriptor().get());
      break;
  }
  return what;
}

std::optional<bpf_error> wrong_options(const iterator_options& options) noexcept {
  const auto empty = [&](std::string_view which) { return refuse_empty(attempted(options), which); };
  const auto bad = [&](const text& reason) {
    return refuse(attempted(options), {errc::invalid_argument, cause::bad_option, reason, {}});
  };
  if (!options.program.fd()) return empty("program");
  const auto& chosen = options.parameters;
  switch (chosen.how()) {
    case kind::none:
      return std::nullopt;
    case kind::map:
      return chosen.descriptor() ? std::nullopt : std::optional{empty("map")};
    case kind::pidfd:
      return chosen.descriptor() ? std::nullopt : std::optional{empty("process")};
    case kind::thread:
    case kind::process:
      if (chosen.number() != 0 && chosen.number() <= highest_process) return std::nullopt;
      return bad(text{"{} is no number of a process or thread", chosen.number()});
    case kind::cgroup:
      if (!chosen.descriptor() && chosen.path().empty()) return empty("cgroup");
      break;
    case kind::cgroup_id:
      if (chosen.number() == 0) return bad(text{"0 is no id of a cgroup"});
      break;
  }
  if (chosen.order() >= cgroup_order::self && chosen.order() <= cgroup_order::ancestors_up) return std::nullopt;
  return bad(text{"{} is no order of cgroups", static_cast<std::uint32_t>(chosen.order())});
}

// Parameters as the kernel takes them.
struct wire_parameters {
  kernel::iterator_map_parameters map;
  kernel::iterator_cgroup_parameters cgroup;
  kernel::iterator_task_parameters task;

  [[nodiscard]] std::span<const std::byte> fill(const iterator_parameters& chosen, fd_ref descriptor) noexcept {
    const auto number = kernel::descriptor(descriptor.get());
    switch (chosen.how()) {
      case kind::none:
        return {};
      case kind::map:
        map.map_fd = number;
        return std::as_bytes(std::span{&map, 1});
      case kind::cgroup:
      case kind::cgroup_id:
        cgroup.order = static_cast<kernel::u32>(chosen.order());
        if (chosen.how() == kind::cgroup) cgroup.cgroup_fd = number;
        cgroup.cgroup_id = chosen.number();
        return std::as_bytes(std::span{&cgroup, 1});
      case kind::thread:
        task.tid = static_cast<kernel::u32>(chosen.number());
        break;
      case kind::process:
        task.pid = static_cast<kernel::u32>(chosen.number());
        break;
      case kind::pidfd:
        task.pid_fd = number;
        break;
    }
    return std::as_bytes(std::span{&task, 1});
  }
};

kernel::result<unique_fd> create(const iterator_options& options, fd_ref descriptor) noexcept {
  kernel::link_create_iterator_attr attr{
      .base = {.prog_fd = kernel::descriptor(options.program.fd().get()),
               .attach_type = static_cast<kernel::u32>(attach_type::trace_iter)},
  };
  if (options.parameters.how() == kind::none) return kernel::link_create(attr.base);
  wire_parameters parameters;
  const auto bytes = parameters.fill(options.parameters, descriptor);
  attr.iter_info = kernel::pointer(bytes.data());
  attr.iter_info_len = static_cast<kernel::u32>(bytes.size());
  return kernel::link_create(attr);
}

std::optional<diagnosis> disregarded(const iterator_options& options, fd_ref link) noexcept {
  if (options.parameters.how() == kind::none) return std::nullopt;
  std::array<char, 64> target{};
  kernel::link_info_raw told{};
  told.iterator.target_name = kernel::pointer(target.data());
  told.iterator.target_name_len = static_cast<kernel::u32>(target.size());
  if (!kernel::obj_get_info(link.get(), &told, sizeof told)) return std::nullopt;
  return explain::disregarded(options, target.data(), told);
}

expected<iterator_link> attach_with(const iterator_options& options, fd_ref descriptor) noexcept {
  auto link = create(options, descriptor);
  if (!link) {
    return tl::unexpected(
        make_error(attempted(options), link.error(), explain::refused_iterator(options, descriptor, link.error())));
  }
  if (const auto wrong = disregarded(options, *link)) return tl::unexpected(refuse(attempted(options), *wrong));
  return detail::link_access::make<link_type::iterator>(*std::move(link));
}

}  // namespace

expected<iterator_link> attach(const iterator_options& options) noexcept {
  if (auto wrong = wrong_options(options)) return tl::unexpected(*std::move(wrong));
  const auto& chosen = options.parameters;
  if (chosen.how() == kind::cgroup && !chosen.descriptor()) {
    const auto directory = kernel::open_directory(chosen.path().c_str());
    if (directory) return attach_with(options, *directory);
    return tl::unexpected(
        make_error(attempted(options), directory.error(), explain::unopened_cgroup(directory.error())));
  }
  // A descriptor 0 means "none given" to the kernel, but for a map's.
  if (chosen.descriptor().get() == 0 && chosen.how() != kind::map) {
    const auto moved = kernel::duplicate(0);
    if (!moved) return tl::unexpected(make_error(attempted(options), moved.error()));
    return attach_with(options, *moved);
  }
  return attach_with(options, chosen.descriptor());
}

}  // namespace bpflink
