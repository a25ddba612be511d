// SPDX-License-Identifier: MIT
#include <utility>
#include <vector>

#include "abi.hpp"
#include "kernel/abi.hpp"

using namespace bpflink::test;
using namespace bpflink::kernel;

namespace {

// What every use of BPF_LINK_CREATE begins with, and what is particular to one.
std::vector<field> link_create_with(std::vector<field> particular) {
  std::vector<field> fields{
      at(&link_create_attr::prog_fd, "link_create.prog_fd", {5, 7}),
      at(&link_create_attr::target, "link_create.target_fd", {5, 7}),
      at(&link_create_attr::target, "link_create.target_ifindex", {5, 9}),
      at(&link_create_attr::attach_type, "link_create.attach_type", {5, 7}),
      at(&link_create_attr::flags, "link_create.flags", {5, 7}),
  };
  fields.insert(fields.end(), particular.begin(), particular.end());
  return fields;
}

}  // namespace

TEST_CASE("abi: attributes of BPF_LINK_CREATE", "[abi]") {
  SKIP_IF(needs_vmlinux_btf());
  check_attribute<link_create_attr>(link_create_with({}));

  using iterator = link_create_iterator_attr;
  CHECK(at(&iterator::base, "").offset == 0);
  check_attribute<iterator>(link_create_with({
      at(&iterator::iter_info, "link_create.iter_info", {5, 9}),
      at(&iterator::iter_info_len, "link_create.iter_info_len", {5, 9}),
      padding(&iterator::padding),
  }));

  using perf_event = link_create_perf_event_attr;
  CHECK(at(&perf_event::base, "").offset == 0);
  check_attribute<perf_event>(link_create_with({
      at(&perf_event::bpf_cookie, "link_create.perf_event.bpf_cookie", {5, 15}),
  }));

  using tracing = link_create_tracing_attr;
  CHECK(at(&tracing::base, "").offset == 0);
  check_attribute<tracing>(link_create_with({
      at(&tracing::target_btf_id, "link_create.target_btf_id", {5, 10}),
      at(&tracing::target_btf_id, "link_create.tracing.target_btf_id", {5, 19}),
      padding(&tracing::padding),
      at(&tracing::cookie, "link_create.tracing.cookie", {5, 19}),
  }));

  using uprobe_multi = link_create_uprobe_multi_attr;
  CHECK(at(&uprobe_multi::base, "").offset == 0);
  check_attribute<uprobe_multi>(link_create_with({
      at(&uprobe_multi::path, "link_create.uprobe_multi.path", {6, 6}),
      at(&uprobe_multi::offsets, "link_create.uprobe_multi.offsets", {6, 6}),
      at(&uprobe_multi::ref_ctr_offsets, "link_create.uprobe_multi.ref_ctr_offsets", {6, 6}),
      at(&uprobe_multi::cookies, "link_create.uprobe_multi.cookies", {6, 6}),
      at(&uprobe_multi::cnt, "link_create.uprobe_multi.cnt", {6, 6}),
      at(&uprobe_multi::flags, "link_create.uprobe_multi.flags", {6, 6}),
      at(&uprobe_multi::pid, "link_create.uprobe_multi.pid", {6, 6}),
      padding(&uprobe_multi::padding),
  }));

  using netfilter = link_create_netfilter_attr;
  CHECK(at(&netfilter::base, "").offset == 0);
  check_attribute<netfilter>(link_create_with({
      at(&netfilter::pf, "link_create.netfilter.pf", {6, 4}),
      at(&netfilter::hooknum, "link_create.netfilter.hooknum", {6, 4}),
      at(&netfilter::priority, "link_create.netfilter.priority", {6, 4}),
      at(&netfilter::flags, "link_create.netfilter.flags", {6, 4}),
  }));

  using ordered = link_create_ordered_attr;
  CHECK(at(&ordered::base, "").offset == 0);
  const std::pair<const char*, kernel_version> hooks[] = {{"tcx", {6, 6}}, {"netkit", {6, 7}}, {"cgroup", {6, 17}}};
  for (const auto& [hook, since] : hooks) {
    const std::string path = std::string("link_create.") + hook;
    const std::string relative_fd = path + ".relative_fd";
    const std::string relative_id = path + ".relative_id";
    const std::string revision = path + ".expected_revision";
    check_attribute<ordered>(link_create_with({
        at(&ordered::relative, relative_fd, since),
        at(&ordered::relative, relative_id, since),
        padding(&ordered::padding),
        at(&ordered::expected_revision, revision, since),
    }));
  }
}

TEST_CASE("abi: parameters of iterators", "[abi]") {
  SKIP_IF(needs_vmlinux_btf());
  check_attribute<iterator_map_parameters>({at(&iterator_map_parameters::map_fd, "map.map_fd", {5, 9})},
                                           "bpf_iter_link_info");
  using cgroup = iterator_cgroup_parameters;
  check_attribute<cgroup>(
      {
          at(&cgroup::order, "cgroup.order", {6, 1}),
          at(&cgroup::cgroup_fd, "cgroup.cgroup_fd", {6, 1}),
          at(&cgroup::cgroup_id, "cgroup.cgroup_id", {6, 1}),
      },
      "bpf_iter_link_info");
  using task = iterator_task_parameters;
  check_attribute<task>(
      {
          at(&task::tid, "task.tid", {6, 1}),
          at(&task::pid, "task.pid", {6, 1}),
          at(&task::pid_fd, "task.pid_fd", {6, 1}),
      },
      "bpf_iter_link_info");
}

TEST_CASE("abi: attributes of the calls on links", "[abi]") {
  SKIP_IF(needs_vmlinux_btf());
  using update = link_update_attr;
  check_attribute<update>({
      at(&update::link_fd, "link_update.link_fd", {5, 7}),
      at(&update::new_prog_fd, "link_update.new_prog_fd", {5, 7}),
      at(&update::flags, "link_update.flags", {5, 7}),
      at(&update::old_prog_fd, "link_update.old_prog_fd", {5, 7}),
  });
  check_attribute<link_detach_attr>({at(&link_detach_attr::link_fd, "link_detach.link_fd", {5, 9})});
  check_attribute<iter_create_attr>({
      at(&iter_create_attr::link_fd, "iter_create.link_fd", {5, 8}),
      at(&iter_create_attr::flags, "iter_create.flags", {5, 8}),
  });
}

TEST_CASE("abi: attributes of the calls before links", "[abi]") {
  SKIP_IF(needs_vmlinux_btf());
  using attach = prog_attach_attr;
  check_attribute<attach>({
      at(&attach::target, "target_fd"),
      at(&attach::target, "target_ifindex", {6, 6}),
      at(&attach::attach_bpf_fd, "attach_bpf_fd"),
      at(&attach::attach_type, "attach_type"),
      at(&attach::attach_flags, "attach_flags"),
      at(&attach::replace_bpf_fd, "replace_bpf_fd", {5, 6}),
      at(&attach::relative, "relative_fd", {6, 6}),
      at(&attach::relative, "relative_id", {6, 6}),
      at(&attach::expected_revision, "expected_revision", {6, 6}),
  });

  using query = prog_query_attr;
  check_attribute<query>({
      at(&query::target, "query.target_fd"),
      at(&query::target, "query.target_ifindex", {6, 6}),
      at(&query::attach_type, "query.attach_type"),
      at(&query::query_flags, "query.query_flags"),
      at(&query::attach_flags, "query.attach_flags"),
      at(&query::prog_ids, "query.prog_ids"),
      at(&query::count, "query.prog_cnt"),
      padding(&query::padding),
      at(&query::prog_attach_flags, "query.prog_attach_flags", {6, 0}),
      at(&query::link_ids, "query.link_ids", {6, 6}),
      at(&query::link_attach_flags, "query.link_attach_flags", {6, 6}),
      at(&query::revision, "query.revision", {6, 6}),
  });

  using raw = raw_tracepoint_attr;
  const std::vector<field> bare{
      at(&raw::name, "raw_tracepoint.name"),
      at(&raw::prog_fd, "raw_tracepoint.prog_fd"),
      padding(&raw::padding),
  };
  check_attribute<raw>(bare);
  auto with_cookie = bare;
  CHECK(at(&raw_tracepoint_cookie_attr::base, "").offset == 0);
  with_cookie.push_back(at(&raw_tracepoint_cookie_attr::cookie, "raw_tracepoint.cookie", {6, 10}));
  check_attribute<raw_tracepoint_cookie_attr>(with_cookie);
}

TEST_CASE("abi: attributes of pins, ids and information", "[abi]") {
  SKIP_IF(needs_vmlinux_btf());
  using path = object_path_attr;
  check_attribute<path>({
      at(&path::pathname, "pathname"),
      at(&path::bpf_fd, "bpf_fd"),
      at(&path::file_flags, "file_flags"),
  });
  check_attribute<by_id_attr>({
      at(&by_id_attr::id, "start_id"),
      at(&by_id_attr::id, "prog_id"),
      at(&by_id_attr::id, "map_id"),
      at(&by_id_attr::id, "btf_id"),
      at(&by_id_attr::id, "link_id", {5, 8}),
      at(&by_id_attr::next_id, "next_id"),
      at(&by_id_attr::open_flags, "open_flags"),
  });
  using info = object_info_attr;
  check_attribute<info>({
      at(&info::bpf_fd, "info.bpf_fd"),
      at(&info::info_len, "info.info_len"),
      at(&info::info, "info.info"),
  });
}

TEST_CASE("abi: attributes of BPF_PROG_LOAD", "[abi]") {
  SKIP_IF(needs_vmlinux_btf());
  using load = prog_load_attr;
  check_attribute<load>({
      at(&load::prog_type, "prog_type"),
      at(&load::insn_cnt, "insn_cnt"),
      at(&load::insns, "insns"),
      at(&load::license, "license"),
      at(&load::log_level, "log_level"),
      at(&load::log_size, "log_size"),
      at(&load::log_buf, "log_buf"),
      at(&load::kern_version, "kern_version"),
      at(&load::prog_flags, "prog_flags"),
      at(&load::prog_name, "prog_name"),
      at(&load::prog_ifindex, "prog_ifindex"),
      at(&load::expected_attach_type, "expected_attach_type"),
      at(&load::prog_btf_fd, "prog_btf_fd"),
      at(&load::func_info_rec_size, "func_info_rec_size"),
      at(&load::func_info, "func_info"),
      at(&load::func_info_cnt, "func_info_cnt"),
      at(&load::line_info_rec_size, "line_info_rec_size"),
      at(&load::line_info, "line_info"),
      at(&load::line_info_cnt, "line_info_cnt"),
      at(&load::attach_btf_id, "attach_btf_id", {5, 5}),
      at(&load::attach_object_fd, "attach_prog_fd", {5, 5}),
      at(&load::attach_object_fd, "attach_btf_obj_fd", {5, 11}),
      padding(&load::padding),
  });
}

TEST_CASE("abi: attributes of maps", "[abi]") {
  SKIP_IF(needs_vmlinux_btf());
  using create = map_create_attr;
  check_attribute<create>({
      at(&create::map_type, "map_type"),
      at(&create::key_size, "key_size"),
      at(&create::value_size, "value_size"),
      at(&create::max_entries, "max_entries"),
  });
  using table = map_create_struct_ops_attr;
  CHECK(at(&table::base, "").offset == 0);
  check_attribute<table>({
      padding(&table::base),
      at(&table::map_flags, "map_flags"),
      at(&table::inner_map_fd, "inner_map_fd"),
      at(&table::numa_node, "numa_node"),
      at(&table::map_name, "map_name"),
      at(&table::map_ifindex, "map_ifindex"),
      at(&table::btf_fd, "btf_fd"),
      at(&table::btf_key_type_id, "btf_key_type_id"),
      at(&table::btf_value_type_id, "btf_value_type_id"),
      at(&table::btf_vmlinux_value_type_id, "btf_vmlinux_value_type_id", {5, 6}),
  });
  using element = map_element_attr;
  check_attribute<element>({
      at(&element::map_fd, "map_fd"),
      padding(&element::padding),
      at(&element::key, "key"),
      at(&element::value, "value"),
      at(&element::flags, "flags"),
  });
}
