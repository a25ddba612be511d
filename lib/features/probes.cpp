// SPDX-License-Identifier: MIT
#include "features/probes.hpp"

#include <array>
#include <cerrno>
#include <initializer_list>
#include <limits>

#include "attach/rules.hpp"
#include "bpflink/kinds.hpp"
#include "kernel/bpf.hpp"

// Each probe asks for something that cannot be: with a descriptor that is never open, a kernel that knows the request
// complains of the descriptor, and one that does not, of the request. Where the kernel looks at the program first, a
// program of two instructions is loaded for the question.
namespace bpflink::features {

namespace {

constexpr auto none = static_cast<kernel::u32>(-1);
// A signal that comes while a program is verified ends the load; it does not come again and again.
constexpr int most_tries = 100;

constexpr kernel::u32 number(attach_type where) noexcept { return static_cast<kernel::u32>(where); }

// EINVAL says no; the errno values of `known` say yes.
template <class T>
availability judge(const kernel::result<T>& answer, std::initializer_list<int> known) noexcept {
  if (answer) return availability::yes;
  for (const int errno_known : known) {
    if (answer.error().number == errno_known) return availability::yes;
  }
  switch (answer.error().number) {
    case EINVAL:
    case E2BIG:
    case ENOSYS:
    case EOPNOTSUPP:
      return availability::no;
    case EPERM:
    case EACCES:
      return availability::forbidden;
    default:
      return availability::unknown;
  }
}

// r0 = 0; exit
constexpr std::array<kernel::u64, 2> return_zero{0xb7, 0x95};
// For types that may only return 1, if only at some of their hooks.
constexpr std::array<kernel::u64, 2> return_one{0xb7 | (kernel::u64{1} << 32U), 0x95};

constexpr bool returns_one(program_type type) noexcept {
  return hooks::is_of_cgroups(type) || type == program_type::sk_lookup;
}

kernel::result<unique_fd> load(program_type type, kernel::u32 expected_attach_type = 0) noexcept {
  const auto& code = returns_one(type) ? return_one : return_zero;
  kernel::prog_load_attr attr{};
  attr.prog_type = static_cast<kernel::u32>(type);
  attr.insn_cnt = static_cast<kernel::u32>(code.size());
  attr.insns = kernel::pointer(code.data());
  attr.license = kernel::pointer("GPL");
  attr.expected_attach_type = expected_attach_type;
  for (int tries = 0;; ++tries) {
    auto loaded = kernel::prog_load(attr);
    if (loaded || loaded.error().number != EAGAIN || tries == most_tries) return loaded;
  }
}

// Loads a program and asks about it; a program that cannot be loaded is the answer.
template <class Question>
availability with_program(program_type type, kernel::u32 expected_attach_type, Question question) noexcept {
  const auto loaded = load(type, expected_attach_type);
  return loaded ? question(kernel::descriptor(loaded->get())) : judge(loaded, {});
}

// With a type whose loading takes CAP_NET_ADMIN: where it takes none, the attach does, and says EINVAL.
availability program_attach(kernel::u32 flags) noexcept {
  return with_program(program_type::cgroup_sock, 0, [flags](kernel::u32 program) noexcept {
    return judge(kernel::prog_attach({.target = none,
                                      .attach_bpf_fd = program,
                                      .attach_type = number(attach_type::cgroup_inet_sock_create),
                                      .attach_flags = flags}),
                 {EBADF});
  });
}

availability links(program_type type, attach_type where, kernel::u32 flags = 0) noexcept {
  return with_program(type, 0, [where, flags](kernel::u32 program) noexcept {
    return judge(kernel::link_create(kernel::link_create_attr{
                     .prog_fd = program, .target = none, .attach_type = number(where), .flags = flags}),
                 {EBADF});
  });
}

availability knows_link_of(attach_type where) noexcept {
  return judge(
      kernel::link_create(kernel::link_create_attr{.prog_fd = none, .target = none, .attach_type = number(where)}),
      {EBADF});
}

// A directory has no offsets to probe: EBADF.
availability uprobe_multi(kernel::u32 process) noexcept {
  return with_program(program_type::kprobe, number(attach_type::trace_uprobe_multi),
                      [process](kernel::u32 program) noexcept {
                        const kernel::u64 offset = 0;
                        kernel::link_create_uprobe_multi_attr attr{};
                        attr.base.prog_fd = program;
                        attr.base.attach_type = number(attach_type::trace_uprobe_multi);
                        attr.path = kernel::pointer("/");
                        attr.offsets = kernel::pointer(&offset);
                        attr.cnt = 1;
                        attr.pid = process;
                        return judge(kernel::link_create(attr), {EBADF});
                      });
}

// The kernels with the whole process filter are those that refuse a negative process before they look at the path.
availability uprobe_multi_process() noexcept {
  const auto multi = uprobe_multi(0);
  if (multi != availability::yes) return multi;
  switch (uprobe_multi(none)) {
    case availability::no:
      return availability::yes;
    case availability::yes:
      return availability::no;
    default:
      return availability::unknown;
  }
}

// No interface has the index that stands for none.
availability interface_links(attach_type where) noexcept {
  return with_program(program_type::sched_cls, 0, [where](kernel::u32 program) noexcept {
    return judge(
        kernel::link_create(kernel::link_create_attr{.prog_fd = program, .target = none, .attach_type = number(where)}),
        {ENODEV});
  });
}

// A hook and a priority that no packet comes by: which of them is refused, and how, tells what the kernel looks at.
availability netfilter_links(kernel::u32 flags, int refused_with) noexcept {
  return with_program(program_type::netfilter, number(attach_type::netfilter),
                      [flags, refused_with](kernel::u32 program) noexcept {
                        constexpr kernel::u32 ipv4 = 2;
                        constexpr kernel::u32 no_hook = 99;
                        kernel::link_create_netfilter_attr attr{};
                        attr.base.prog_fd = program;
                        attr.base.attach_type = number(attach_type::netfilter);
                        attr.pf = ipv4;
                        attr.hooknum = flags == 0 ? no_hook : 0;
                        attr.priority = std::numeric_limits<kernel::s32>::min();
                        attr.flags = flags;
                        return judge(kernel::link_create(attr), {refused_with});
                      });
}

// No struct_ops has the value type asked for, and the kernel says so once it knows such maps, and the flag.
availability struct_ops_map(kernel::u32 flags) noexcept {
  constexpr int no_such_struct_ops = 524;  // ENOTSUPP
  kernel::map_create_struct_ops_attr attr{};
  attr.base = {.map_type = kernel::map_type_struct_ops,
               .key_size = sizeof(kernel::u32),
               .value_size = sizeof(kernel::u32),
               .max_entries = 1};
  attr.map_flags = flags;
  attr.btf_vmlinux_value_type_id = 1;
  return judge(kernel::map_create(attr), {no_such_struct_ops});
}

availability raw_tracepoint_cookie() noexcept {
  kernel::raw_tracepoint_cookie_attr attr{};
  attr.base.name = kernel::pointer("");
  attr.base.prog_fd = none;
  attr.cookie = 1;
  return judge(kernel::raw_tracepoint_open(attr), {EBADF});
}

availability program_query() noexcept {
  kernel::prog_query_attr attr{};
  attr.target = none;
  attr.attach_type = number(attach_type::cgroup_inet_egress);
  return judge(kernel::prog_query(attr), {EBADF});
}

availability object_info() noexcept {
  kernel::prog_info_raw raw{};
  return judge(kernel::obj_get_info(-1, &raw, sizeof raw), {EBADF, EBADFD});
}

}  // namespace

availability loads(program_type type, attach_type where) noexcept { return judge(load(type, number(where)), {}); }

availability attaches(program_type type, attach_type where) noexcept {
  return with_program(type, 0, [where](kernel::u32 program) noexcept {
    return judge(kernel::prog_attach({.target = none, .attach_bpf_fd = program, .attach_type = number(where)}),
                 {EBADF});
  });
}

availability ask(feature what) noexcept {
  switch (what) {
    case feature::prog_attach:
      return program_attach(0);
    case feature::prog_attach_multi:
      return program_attach(kernel::flag_allow_multi);
    case feature::prog_attach_replace:
      return program_attach(kernel::flag_allow_multi | kernel::flag_replace);
    case feature::prog_query:
      return program_query();
    case feature::object_info:
      return object_info();
    case feature::raw_tracepoint:
      return judge(
          kernel::raw_tracepoint_open(kernel::raw_tracepoint_attr{.name = kernel::pointer(""), .prog_fd = none}),
          {EBADF, ENOENT});
    case feature::raw_tracepoint_writable:
      return judge(load(program_type::raw_tracepoint_writable), {});
    case feature::raw_tracepoint_cookie:
      return raw_tracepoint_cookie();
    case feature::flow_dissector:
      return loads(program_type::flow_dissector, attach_type::flow_dissector);
    case feature::bpf_link:
      return knows_link_of(attach_type::cgroup_inet_egress);
    case feature::link_info:
      return judge(kernel::link_get_fd_by_id(0), {ENOENT});
    case feature::link_detach:
      return judge(kernel::link_detach({.link_fd = none}), {EBADF});
    case feature::netns_links:
      return links(program_type::flow_dissector, attach_type::flow_dissector);
    case feature::sk_lookup:
      return loads(program_type::sk_lookup, attach_type::sk_lookup);
    case feature::iterator:
      return judge(kernel::iter_create({.link_fd = none}), {EBADF});
    case feature::iterator_cgroup:
      return iterator_cgroup();
    case feature::iterator_task_parameters:
      return iterator_task_parameters();
    case feature::xdp_links:
      return knows_link_of(attach_type::xdp);
    case feature::perf_links:
      return links(program_type::tracepoint, attach_type::perf_event);
    case feature::uprobe_multi:
      return uprobe_multi(0);
    case feature::uprobe_multi_process:
      return uprobe_multi_process();
    case feature::cgroup_order:
      return links(program_type::cgroup_skb, attach_type::cgroup_inet_egress, kernel::flag_before);
    case feature::cgroup_preorder:
      return program_attach(kernel::flag_allow_multi | kernel::flag_preorder);
    case feature::tcx_links:
      return interface_links(attach_type::tcx_ingress);
    case feature::netkit_links:
      return interface_links(attach_type::netkit_primary);
    case feature::netfilter_links:
      return netfilter_links(0, EPROTO);
    case feature::netfilter_defragment:
      return netfilter_links(kernel::netfilter_defragment, ERANGE);
    case feature::sockmap_links:
      return links(program_type::sk_msg, attach_type::sk_msg_verdict);
    case feature::struct_ops:
      return struct_ops_map(0);
    case feature::struct_ops_links:
      return struct_ops_map(kernel::map_flag_link);
  }
  return availability::unknown;
}

}  // namespace bpflink::features
