// SPDX-License-Identifier: MIT
#include "attach/raw_target.hpp"

#include "attach/rules.hpp"

namespace bpflink::hooks {

namespace {

constexpr std::string_view name_of(raw_target::sort which) noexcept {
  switch (which) {
    case raw_target::sort::none:
      return "no target";
    case raw_target::sort::descriptor:
      return "a descriptor";
    case raw_target::sort::interface:
      return "an interface";
    case raw_target::sort::this_netns:
      return "this network namespace";
  }
  return "another target";
}

}  // namespace

target_kind target_of(attach_type where) noexcept {
  switch (where) {
    case attach_type::lirc_mode2:
      return target_kind::device;
    case attach_type::trace_raw_tp:
    case attach_type::trace_iter:
    case attach_type::netfilter:
    case attach_type::trace_kprobe_multi:
    case attach_type::trace_kprobe_session:
    case attach_type::trace_uprobe_multi:
    case attach_type::trace_uprobe_session:
      return target_kind::none;
    default:
      break;
  }
  switch (link_of(where)) {
    case link_type::cgroup:
      return target_kind::cgroup;
    case link_type::netns:
      return target_kind::netns;
    case link_type::sockmap:
      return target_kind::map;
    case link_type::perf_event:
      return target_kind::perf_event;
    case link_type::xdp:
    case link_type::tcx:
    case link_type::netkit:
      return target_kind::interface;
    default:
      return target_kind::unknown;
  }
}

std::optional<bool> attaches_programs(attach_type where) noexcept {
  switch (target_of(where)) {
    case target_kind::cgroup:
      return where != attach_type::lsm_cgroup;
    case target_kind::netns:
      return where == attach_type::flow_dissector;
    case target_kind::interface:
      return where != attach_type::xdp;
    case target_kind::map:
    case target_kind::device:
      return true;
    case target_kind::none:
    case target_kind::perf_event:
      return false;
    case target_kind::unknown:
      break;
  }
  return std::nullopt;
}

kernel::u32 number_of(const raw_target& target) noexcept {
  switch (target.which()) {
    case raw_target::sort::none:
    case raw_target::sort::this_netns:
      return 0;
    case raw_target::sort::descriptor:
      return kernel::descriptor(target.descriptor().get());
    case raw_target::sort::interface:
      return target.interface();
  }
  return 0;
}

text describe(attach_type where) noexcept {
  const auto word = to_string(where);
  return word == "unknown" ? text{"{} ({})", word, static_cast<kernel::u32>(where)} : text{"{}", word};
}

text describe(const raw_target& target) noexcept {
  switch (target.which()) {
    case raw_target::sort::none:
      break;
    case raw_target::sort::descriptor:
      if (!target.descriptor()) break;
      return text{"descriptor {}", target.descriptor().get()};
    case raw_target::sort::interface: {
      const auto interface = interface_of(target);
      return interface && !target.netns().is_current() ? describe(*interface)
                                                       : text{"interface {}", target.interface()};
    }
    case raw_target::sort::this_netns:
      return text{"this network namespace"};
  }
  return {};
}

diagnosis empty_handle(std::string_view which) noexcept {
  return {errc::bad_handle, cause::empty_handle, text{"the {} handle is empty", which}, {}};
}

std::optional<diagnosis> misread(const raw_target& target, std::optional<raw_target::sort> wanted) noexcept {
  if (target.which() == raw_target::sort::descriptor && !target.descriptor()) return empty_handle("target");
  if (!wanted || target.which() == *wanted) return std::nullopt;
  return diagnosis{errc::invalid_argument,
                   cause::bad_option,
                   text{"this hook takes {}, not {}", name_of(*wanted), name_of(target.which())},
                   {}};
}

std::optional<diagnosis> misread_by_descriptor(const raw_target& target, target_kind kind) noexcept {
  if (kind == target_kind::netns && target.which() == raw_target::sort::this_netns) return std::nullopt;
  return misread(target, sort_of(kind));
}

std::optional<interface_target> interface_of(const raw_target& target) noexcept {
  const auto index = ifindex::from(target.interface());
  return index ? std::optional{interface_target{*index, target.netns()}} : std::nullopt;
}

std::optional<raw_target::sort> sort_of(target_kind kind) noexcept {
  switch (kind) {
    case target_kind::none:
      return raw_target::sort::none;
    case target_kind::cgroup:
    case target_kind::netns:
    case target_kind::map:
    case target_kind::perf_event:
    case target_kind::device:
      return raw_target::sort::descriptor;
    case target_kind::interface:
      return raw_target::sort::interface;
    case target_kind::unknown:
      break;
  }
  return std::nullopt;
}

}  // namespace bpflink::hooks
