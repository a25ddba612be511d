// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "bpflink/info.hpp"
#include "iterator_programs.hpp"
#include "support/catch.hpp"
#include "support/cgroup_fixture.hpp"
#include "support/child.hpp"
#include "support/fd.hpp"
#include "support/privileges.hpp"

namespace bpflink {

namespace {

using ids = std::vector<std::uint64_t>;

std::uint32_t this_process() { return static_cast<std::uint32_t>(::getpid()); }

// A second thread of this process, which does nothing.
class idle_thread {
 public:
  idle_thread() : thread_{[this] { run(); }} {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return tid_ != 0; });
  }
  idle_thread(const idle_thread&) = delete;
  idle_thread& operator=(const idle_thread&) = delete;
  ~idle_thread() {
    {
      const std::lock_guard lock{mutex_};
      done_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  [[nodiscard]] std::uint32_t tid() const { return tid_; }

 private:
  void run() {
    std::unique_lock lock{mutex_};
    tid_ = static_cast<std::uint32_t>(::syscall(SYS_gettid));
    changed_.notify_all();
    changed_.wait(lock, [this] { return done_; });
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint32_t tid_ = 0;
  bool done_ = false;
  std::thread thread_;
};

std::vector<std::uint32_t> threads_of_this_process() {
  std::vector<std::uint32_t> threads;
  for (const auto& entry : std::filesystem::directory_iterator{"/proc/self/task"}) {
    threads.push_back(static_cast<std::uint32_t>(std::stoul(entry.path().filename().string())));
  }
  std::sort(threads.begin(), threads.end());
  return threads;
}

std::vector<std::uint32_t> pids_of(const std::vector<test::task_row>& rows) {
  std::vector<std::uint32_t> pids;
  for (const auto& row : rows) pids.push_back(row.pid);
  std::sort(pids.begin(), pids.end());
  return pids;
}

iterator_task_info task_info_of(const iterator_link& link) {
  const auto info = link.info();
  test::expect_equal(sentence(info), "", "info");
  return std::get<iterator_task_info>(std::get<iterator_info>(info->details).parameters);
}

expected<iterator_link> attach_to_tasks(const test::fd& program, const iterator_parameters& tasks) {
  return attach(iterator_options{.program = borrow(program), .parameters = tasks});
}

// A program that writes each cgroup's id.
test::fd load_cgroup_ids() {
  using namespace test;
  const auto& btf = vmlinux_btf::get();
  return load_iterator("cgroup",
                       assembler()
                           .load(width::u64, r6, r1, 0)
                           .load(width::u64, r7, r1, 8)
                           .jump_if(jump::equal, r7, 0, "out")
                           .load(width::u64, r1, r7, static_cast<int>(btf.find_member("cgroup", "kn")->offset()))
                           .load(width::u64, r1, r1, static_cast<int>(btf.find_member("kernfs_node", "id")->offset()))
                           .store(width::u64, r10, -8, r1)
                           .load(width::u64, r1, r6, 0)
                           .mov(r2, r10)
                           .add(r2, -8)
                           .mov(r3, 8)
                           .call(helper::seq_write)
                           .label("out")
                           .mov(r0, 0)
                           .exit()
                           .done());
}

std::uint64_t id_of(const std::string& cgroup) {
  return test::cgroup_id(test::must(test::open_file(cgroup, O_RDONLY | O_DIRECTORY), cgroup).get());
}

}  // namespace

TEST_CASE("iterator: over one map", "[iterator]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 9, "iterators over map elements"));
  const auto program = load_iterator("bpf_map_elem", test::write_elements());
  const auto array = filled_array(3);
  auto link = attach_to_elements(program, array);
  REQUIRE(sentence(link) == "");
  if (test::at_least(5, 10)) {
    const auto info = link->info();
    REQUIRE(sentence(info) == "");
    const auto& details = std::get<iterator_info>(info->details);
    CHECK(details.target == "bpf_map_elem");
    CHECK(std::get<iterator_map_info>(details.parameters).map == map_id{test::map_id(array.get())});
  }
  for (std::uint32_t key = 0; const auto& row : rows_of<test::element_row>(*link)) {
    CHECK(row.key == key);
    CHECK(row.value == key * 10);
    ++key;
  }
  CHECK(rows_of<test::element_row>(*link).size() == 3);

  // The link keeps the map.
  auto hash = test::create_map(test::map_type::hash, 4, 8, 10);
  const std::uint32_t key = 77;
  const std::uint64_t value = 99;
  REQUIRE(test::map_update(hash.get(), &key, &value) == 0);
  link = attach_to_elements(program, hash);
  REQUIRE(sentence(link) == "");
  hash.reset();
  const auto rows = rows_of<test::element_row>(*link);
  REQUIRE(rows.size() == 1);
  CHECK(rows.front().key == 77);
  CHECK(rows.front().value == 99);
}

TEST_CASE("iterator: over one thread", "[iterator]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(6, 1, "iterators over one thread"));
  const auto program = load_task_rows();
  const idle_thread thread;
  const auto link = attach_to_tasks(program, iterator_parameters::over_thread(thread.tid()));
  REQUIRE(sentence(link) == "");
  const auto rows = rows_of<test::task_row>(*link);
  REQUIRE(rows.size() == 1);
  CHECK(rows.front().pid == thread.tid());
  CHECK(rows.front().tgid == this_process());
  CHECK(task_info_of(*link).tid == thread.tid());
  CHECK(task_info_of(*link).pid == 0);

  // Nobody has the highest number.
  const auto nobody = attach_to_tasks(program, iterator_parameters::over_thread(0x7fff'ffff));
  REQUIRE(sentence(nobody) == "");
  CHECK(rows_of<test::task_row>(*nobody).empty());
}

TEST_CASE("iterator: over one process, by number and by descriptor", "[iterator]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(6, 1, "iterators over one process"));
  const auto program = load_task_rows();
  const idle_thread thread;
  const test::fd pidfd{::syscall(SYS_pidfd_open, ::getpid(), 0)};
  for (const auto& process :
       {iterator_parameters::over_process(this_process()), iterator_parameters::over_process(fd_ref{pidfd.get()})}) {
    const auto link = attach_to_tasks(program, process);
    REQUIRE(sentence(link) == "");
    const auto rows = rows_of<test::task_row>(*link);
    CHECK(pids_of(rows) == threads_of_this_process());
    CHECK(rows.size() >= 2);
    CHECK(std::all_of(rows.begin(), rows.end(), [](const auto& row) { return row.tgid == this_process(); }));
    CHECK(task_info_of(*link).tid == 0);
    CHECK(task_info_of(*link).pid == this_process());
  }
  const auto everybody = attach_to_tasks(program, {});
  REQUIRE(sentence(everybody) == "");
  const auto all = pids_of(rows_of<test::task_row>(*everybody));
  CHECK(std::find(all.begin(), all.end(), thread.tid()) != all.end());
  CHECK(std::find(all.begin(), all.end(), static_cast<std::uint32_t>(::getppid())) != all.end());
  CHECK(task_info_of(*everybody).pid == 0);
}

TEST_CASE("iterator: over the files and mappings of one process", "[iterator]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(6, 1, "iterators over one process"));
  for (const std::string target : {"task_file", "task_vma"}) {
    CAPTURE(target);
    const auto program = load_iterator(target, write_numbers());
    const auto one = attach_to_tasks(program, iterator_parameters::over_process(this_process()));
    REQUIRE(sentence(one) == "");
    const auto all = attach_to_tasks(program, {});
    REQUIRE(sentence(all) == "");
    const auto own = rows_of<std::uint64_t>(*one).size();
    CHECK(own >= 3);
    CHECK(own < rows_of<std::uint64_t>(*all).size());
  }
}

TEST_CASE("iterator: a descriptor 0 is that of a process or cgroup, too", "[iterator]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_cgroup2());
  SKIP_IF(test::needs_kernel(6, 1, "iterators over one process"));
  const auto tasks = load_task_rows();
  const auto cgroups = load_cgroup_ids();
  const test::cgroup_fixture cgroup;
  CHECK(test::in_child([&] {
          const test::fd pidfd{::syscall(SYS_pidfd_open, ::getpid(), 0)};
          ::dup2(pidfd.get(), 0);
          const auto process = attach_to_tasks(tasks, iterator_parameters::over_process(fd_ref{0}));
          test::expect_equal(sentence(process), "");
          test::expect_equal(static_cast<std::int64_t>(rows_of<test::task_row>(*process).size()), 1, "tasks");
          ::dup2(cgroup.get(), 0);
          const auto one = attach_to_tasks(cgroups, iterator_parameters::over_cgroups(fd_ref{0}, cgroup_order::self));
          test::expect_equal(sentence(one), "");
          test::expect(rows_of<std::uint64_t>(*one) == ids{cgroup.id()}, "cgroups");
        }).failure() == "");
}

TEST_CASE("iterator: over cgroups, in each order", "[iterator]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_cgroup2());
  SKIP_IF(test::needs_kernel(6, 1, "iterators over cgroups"));
  const auto program = load_cgroup_ids();
  test::cgroup_fixture cgroup;
  const auto root = cgroup.id();
  const auto a = id_of(cgroup.child("a"));
  const auto b_path = cgroup.child("a/b");
  const auto b = id_of(b_path);
  const auto c = id_of(cgroup.child("c"));
  const auto visited = [&](const iterator_parameters& over) {
    const auto link = attach(iterator_options{.program = borrow(program), .parameters = over});
    test::expect_equal(sentence(link), "");
    const auto info = link->info();
    test::expect_equal(sentence(info), "", "info");
    const auto& details = std::get<iterator_info>(info->details);
    const auto told = std::get<iterator_cgroup_info>(details.parameters);
    CHECK(details.target == "cgroup");
    CHECK(told.order == over.order());
    CHECK(told.cgroup_id == (over.number() != 0 ? over.number() : over.path().empty() ? root : b));
    return rows_of<std::uint64_t>(*link);
  };
  const fd_ref directory{cgroup.get()};
  CHECK(visited(iterator_parameters::over_cgroups(directory, cgroup_order::self)) == ids{root});
  CHECK(visited(iterator_parameters::over_cgroups(directory, cgroup_order::descendants_pre)) == ids{root, a, b, c});
  CHECK(visited(iterator_parameters::over_cgroups(directory, cgroup_order::descendants_post)) == ids{b, a, c, root});
  CHECK(visited(iterator_parameters::over_cgroups_from_id(root, cgroup_order::descendants_pre)) == ids{root, a, b, c});
  CHECK(visited(iterator_parameters::over_cgroups_from_id(a, cgroup_order::descendants_post)) == ids{b, a});

  const auto up = visited(iterator_parameters::over_cgroups(b_path, cgroup_order::ancestors_up));
  REQUIRE(up.size() >= 4);
  CHECK(ids(up.begin(), up.begin() + 3) == ids{b, a, root});
  CHECK(up.back() == id_of(test::cgroup2_mount()));
}

TEST_CASE("iterator: a removed cgroup gives nothing", "[iterator]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_cgroup2());
  SKIP_IF(test::needs_kernel(6, 1, "iterators over cgroups"));
  const auto program = load_cgroup_ids();
  test::cgroup_fixture cgroup;
  const auto link = attach(
      iterator_options{.program = borrow(program),
                       .parameters = iterator_parameters::over_cgroups(fd_ref{cgroup.get()}, cgroup_order::self)});
  REQUIRE(sentence(link) == "");
  const auto id = cgroup.id();
  cgroup.remove();
  CHECK(rows_of<std::uint64_t>(*link).size() <= 1);
  const auto info = link->info();
  REQUIRE(sentence(info) == "");
  CHECK(std::get<iterator_cgroup_info>(std::get<iterator_info>(info->details).parameters).cgroup_id == id);
}

}  // namespace bpflink
