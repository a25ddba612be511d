// SPDX-License-Identifier: MIT
// What bpftool prints of a link is what the library says of it, field by field, for each kind of link. An older bpftool
// knows fewer kinds and fields: what it does print is compared.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>

#include "bpflink/info.hpp"
#include "bpflink/link.hpp"
#include "helpers.hpp"
#include "raw_kinds.hpp"
#include "support/catch.hpp"
#include "support/cgroup_fixture.hpp"

namespace bpflink {

namespace {

using fields = std::map<std::string, std::string>;

constexpr const char* places[] = {"/usr/sbin/bpftool", "/usr/local/sbin/bpftool", "/sbin/bpftool", "/usr/bin/bpftool"};

std::string find_bpftool() {
  for (const char* const place : places) {
    if (::access(place, X_OK) == 0) return place;
  }
  return {};
}

std::string needs_bpftool() { return find_bpftool().empty() ? "needs bpftool (Debian: bpftool)" : std::string{}; }

struct closer {
  void operator()(std::FILE* stream) const { ::pclose(stream); }
};

std::string output_of(const std::string& command) {
  const std::unique_ptr<std::FILE, closer> stream{::popen(command.c_str(), "r")};
  if (!stream) throw std::runtime_error("cannot run " + command);
  std::string text;
  std::array<char, 4096> buffer{};
  while (const auto got = std::fread(buffer.data(), 1, buffer.size(), stream.get())) text.append(buffer.data(), got);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

std::string shown(const std::string& what) { return output_of(find_bpftool() + " -j link show " + what + " 2>&1"); }

// The members of one JSON object that have a number or a text; lists and objects in it are passed over.
class json_object {
 public:
  static fields read(std::string_view text) { return json_object{text}.members(); }

 private:
  explicit json_object(std::string_view text) : rest_{text} {}

  fields members() {
    fields found;
    take('{');
    while (!rest_.empty() && rest_.front() != '}') {
      const auto name = string();
      take(':');
      if (rest_.empty()) break;
      if (rest_.front() == '[' || rest_.front() == '{') {
        pass_over();
      } else {
        found[name] = rest_.front() == '"' ? string() : number();
      }
      if (!rest_.empty() && rest_.front() == ',') rest_.remove_prefix(1);
    }
    return found;
  }
  void take(char expected) {
    if (rest_.empty() || rest_.front() != expected) throw std::runtime_error("no JSON: " + std::string{rest_});
    rest_.remove_prefix(1);
  }
  std::string string() {
    take('"');
    const auto end = rest_.find('"');
    std::string text{rest_.substr(0, end)};
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    return text;
  }
  std::string number() {
    const auto end = rest_.find_first_of(",}]");
    std::string text{rest_.substr(0, end)};
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end);
    return text;
  }
  void pass_over() {
    int depth = 0;
    do {
      const char one = rest_.front();
      depth += one == '[' || one == '{' ? 1 : one == ']' || one == '}' ? -1 : 0;
      rest_.remove_prefix(1);
    } while (depth != 0 && !rest_.empty());
  }

  std::string_view rest_;
};

template <class Number>
std::string text_of(Number number) {
  return std::to_string(number);
}
std::string text_of(std::string_view word) { return std::string{word}; }
std::string text_of(const std::optional<ifindex>& interface) { return text_of(interface ? interface->value() : 0); }
std::string text_of(const std::optional<map_id>& map) { return text_of(map ? map->value() : 0); }

/// The library's words for what bpftool prints, by bpftool's names.
struct describe {
  fields& into;

  void operator()(const std::monostate&) const {}
  void operator()(const raw_tracepoint_info& info) const { into["tp_name"] = text_of(info.name.view()); }
  void operator()(const tracing_info& info) const {
    into["attach_type"] = text_of(to_string(info.hook));
    into["target_obj_id"] = text_of(info.target_object);
    into["target_btf_id"] = text_of(info.target_type);
  }
  void operator()(const cgroup_info& info) const {
    into["cgroup_id"] = text_of(info.cgroup_id);
    into["attach_type"] = text_of(to_string(info.hook));
  }
  void operator()(const iterator_info& info) const {
    into["target_name"] = text_of(info.target.view());
    if (const auto* const map = std::get_if<iterator_map_info>(&info.parameters)) {
      into["map_id"] = text_of(map->map.value());
    } else if (const auto* const task = std::get_if<iterator_task_info>(&info.parameters)) {
      into["tid"] = text_of(task->tid);
      into["pid"] = text_of(task->pid);
    } else if (const auto* const cgroup = std::get_if<iterator_cgroup_info>(&info.parameters)) {
      into["cgroup_id"] = text_of(cgroup->cgroup_id);
      into["order"] = text_of(to_string(cgroup->order));
    }
  }
  void operator()(const netns_info& info) const {
    into["netns_ino"] = text_of(info.netns_inode);
    into["attach_type"] = text_of(to_string(info.hook));
  }
  void operator()(const xdp_info& info) const { into["ifindex"] = text_of(info.interface); }
  void operator()(const tcx_info& info) const {
    into["ifindex"] = text_of(info.interface);
    into["attach_type"] = text_of(to_string(info.hook));
  }
  void operator()(const netkit_info& info) const {
    into["ifindex"] = text_of(info.interface);
    into["attach_type"] = text_of(to_string(info.hook));
  }
  void operator()(const netfilter_info& info) const {
    into["pf"] = text_of(static_cast<std::uint32_t>(info.family));
    into["hook"] = text_of(static_cast<std::uint32_t>(info.hook));
    into["prio"] = text_of(info.priority);
    into["flags"] = text_of(info.defragment ? 1 : 0);
  }
  void operator()(const sockmap_info& info) const {
    into["map_id"] = text_of(info.map);
    into["attach_type"] = text_of(to_string(info.hook));
  }
  void operator()(const struct_ops_info& info) const { into["map_id"] = text_of(info.map); }
  void operator()(const perf_event_info&) const {}
  void operator()(const uprobe_multi_info&) const {}
  void operator()(const unknown_info&) const {}
};

fields said(const link_info& info) {
  fields ours{{"id", text_of(info.id.value())},
              {"type", text_of(to_string(info.type))},
              {"prog_id", text_of(info.program ? info.program->value() : 0)}};
  std::visit(describe{ours}, info.details);
  return ours;
}

// What bpftool prints and the library's information has not got, or not as one number or word; lists are passed over
// anyway.
bool is_passed_over(link_type type, std::string_view name) {
  static const std::multimap<link_type, std::string_view> names = {
      {link_type::raw_tracepoint, "cookie"},
      {link_type::tracing, "prog_type"},
      {link_type::tracing, "cookie"},
      // An interface's name is that of bpftool's network namespace.
      {link_type::xdp, "devname"},
      {link_type::tcx, "devname"},
      {link_type::netkit, "devname"},
      {link_type::perf_event, "event_type"},
      {link_type::perf_event, "event_config"},
      {link_type::perf_event, "cookie"},
      {link_type::kprobe_multi, "retprobe"},
      {link_type::kprobe_multi, "func_cnt"},
      {link_type::kprobe_multi, "missed"},
      {link_type::uprobe_multi, "retprobe"},
      {link_type::uprobe_multi, "path"},
      {link_type::uprobe_multi, "func_cnt"},
      {link_type::uprobe_multi, "pid"},
  };
  const auto [begin, end] = names.equal_range(type);
  return std::any_of(begin, end, [name](const auto& row) { return row.second == name; });
}

// How many fields there were to compare.
int check_same(const link_info& info, const std::string& printed) {
  INFO(printed);
  const auto theirs = json_object::read(printed);
  const auto ours = said(info);
  int compared = 0;
  for (const auto& [name, value] : theirs) {
    const auto same = ours.find(name);
    INFO(name);
    if (same == ours.end()) {
      CHECK(is_passed_over(info.type, name));
      continue;
    }
    ++compared;
    // The number of a kind that this bpftool has no name for.
    const bool number = name == "type" && std::isdigit(static_cast<unsigned char>(value.front())) != 0;
    CHECK(value == (number ? text_of(static_cast<std::uint32_t>(info.type)) : same->second));
  }
  CHECK(compared >= 3);
  return compared;
}

// The object with this id in the list of all.
std::string entry_of(const std::string& list, std::uint32_t id) {
  const auto begin = list.find("{\"id\":" + std::to_string(id) + ",");
  return begin == std::string::npos ? std::string{} : list.substr(begin);
}

// How many fields of each kind even the oldest bpftool that we know (Debian 12's, of Linux 6.1) prints and we compare.
int least_fields(link_type type) {
  switch (type) {
    case link_type::raw_tracepoint:
    case link_type::iterator:
      return 4;
    case link_type::cgroup:
    case link_type::netns:
      return 5;
    case link_type::tracing:
      return 6;
    default:
      return 3;
  }
}

}  // namespace

TEST_CASE("bpftool: what it prints of a link is what the library says", "[bpftool]") {
  SKIP_IF(test::needs_cgroup2());
  SKIP_IF(needs_bpftool());
  SKIP_IF(test::needs_kernel(5, 8, "information on links"));
  for (const auto& kind : raw_kinds()) {
    INFO(std::string{to_string(kind.type)});
    if (!test::at_least(kind.since.release, kind.since.minor)) continue;
    const auto made = kind.make();
    if (!made.link) {
      CHECK(std::find(kind.unavailable.begin(), kind.unavailable.end(), made.link.error()) != kind.unavailable.end());
      continue;
    }
    const auto link = link_handle::adopt(unique_fd::adopt(::fcntl(made.link.get(), F_DUPFD_CLOEXEC, 3)));
    REQUIRE(sentence(link) == "");
    const auto info = link->info();
    REQUIRE(sentence(info) == "");
    const auto id = info->id.value();
    CHECK(check_same(*info, shown("id " + std::to_string(id))) >= least_fields(kind.type));
    CHECK(check_same(*info, entry_of(shown(""), id)) >= least_fields(kind.type));
  }
}

}  // namespace bpflink
