// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <string>

#include "load_programs.hpp"
#include "support/alloc_counter.hpp"
#include "support/btf_blob.hpp"
#include "support/catch.hpp"
#include "support/child.hpp"
#include "support/mount_namespace.hpp"
#include "support/netns_fixture.hpp"
#include "support/privileges.hpp"
#include "support/raw_bpf.hpp"
#include "support/rtnetlink.hpp"
#include "support/syscall_supervisor.hpp"
#include "support/vmlinux_btf.hpp"

namespace bpflink {

namespace {

using test::contains;

test::fd load_btf(const test::btf_blob& blob) {
  const auto bytes = blob.bytes();
  auto attr = test::attribute();
  attr.put_pointer(0, bytes.data()).put(16, static_cast<std::uint32_t>(bytes.size()));
  return test::must(test::fd{attr.call(test::command::btf_load, 28)}, "load BTF");
}

// A program whose only function has this name.
program load_with_function(std::string_view name) {
  test::btf_blob blob;
  const std::array<function_info, 1> functions{function_info{.instruction = 0, .type = blob.add_function(name)}};
  const auto btf = load_btf(blob);
  auto options = simple(program_type::xdp);
  options.name = "has_btf";
  options.btf = fd_ref{btf.get()};
  options.functions = functions;
  auto loaded = program::load(options);
  test::expect_equal(sentence(loaded), "");
  return *std::move(loaded);
}

// What a kernel that refuses trampolines says last, once the target was found.
bool found(const expected<program>& loaded) { return loaded || loaded.error().cause() == cause::kernel_policy; }

}  // namespace

TEST_CASE("load: targets by name are those of the kernel's BTF", "[load]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 8, "iterators"));
  SKIP_IF(test::needs_vmlinux_btf());
  const auto& btf = test::vmlinux_btf::get();

  const auto iterator = program::load(tracing_program(attach_type::trace_iter, load_target::name("task")));
  REQUIRE(sentence(iterator) == "");
  const auto tracepoint = program::load(tracing_program(attach_type::trace_raw_tp, load_target::name("sched_switch")));
  REQUIRE(sentence(tracepoint) == "");
  if (test::at_least(6, 0)) {
    CHECK(iterator->info()->attach_target_type == btf.function("bpf_iter_task"));
    CHECK(tracepoint->info()->attach_target_type == btf.type_alias("btf_trace_sched_switch"));
  }

  const auto by_id = program::load(
      tracing_program(attach_type::trace_iter, load_target::id(btf.function("bpf_iter_bpf_map").value())));
  CHECK(sentence(by_id) == "");
  const auto in_vmlinux =
      program::load(tracing_program(attach_type::trace_iter, load_target::name_in_module("vmlinux", "task")));
  CHECK(sentence(in_vmlinux) == "");
}

TEST_CASE("load: a structure of functions by name", "[load]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 14, "ssthresh as the first member of tcp_congestion_ops"));
  program_options options{.type = program_type::struct_ops,
                          .instructions = return_zero,
                          .license = "GPL",
                          .expected_attach_type = attach_type{},
                          .target = load_target::name("tcp_congestion_ops")};
  CHECK(sentence(program::load(options)) == "");
  options.target = load_target::name("tcp_congestion_op");
  const auto unknown = program::load(options);
  CHECK(verdict_of(unknown) == "not_found/no_such_name/");
  CHECK_THAT(sentence(unknown), contains("there is no structure 'tcp_congestion_op' in the BTF of the kernel"));
  CHECK_THAT(std::string{unknown.error().hint()}, contains("tcp_congestion_ops"));
}

TEST_CASE("load: a name that does not exist comes with those that are like it", "[load]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 8, "iterators"));
  SKIP_IF(test::needs_vmlinux_btf());
  const auto iterator = program::load(tracing_program(attach_type::trace_iter, load_target::name("tassk")));
  CHECK(verdict_of(iterator) == "not_found/no_such_name/");
  CHECK(iterator.error().operation() == operation::none);
  CHECK_THAT(sentence(iterator),
             contains("load tracing program for iterator target 'tassk': there is no iterator target "
                      "'tassk' in the BTF of the kernel and its modules"));
  CHECK_THAT(std::string{iterator.error().hint()}, contains("task"));
  const auto tracepoint = program::load(tracing_program(attach_type::trace_raw_tp, load_target::name("sched_swich")));
  CHECK(verdict_of(tracepoint) == "not_found/no_such_name/");
  CHECK_THAT(std::string{tracepoint.error().hint()}, contains("sched_switch"));
  const auto function = program::load(tracing_program(attach_type::trace_fentry, load_target::name("vfs_raed")));
  CHECK(verdict_of(function) == "not_found/no_such_name/");
  CHECK_THAT(std::string{function.error().hint()}, contains("vfs_read"));
  auto options = tracing_program(attach_type::lsm_mac, load_target::name("file_opn"));
  options.type = program_type::lsm;
  const auto hook = program::load(options);
  CHECK(verdict_of(hook) == "not_found/no_such_name/");
  CHECK_THAT(sentence(hook), contains("there is no LSM hook 'file_opn'"));
  CHECK_THAT(std::string{hook.error().hint()}, contains("file_open"));
}

TEST_CASE("load: a function that only looks like an iterator target", "[load]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 8, "iterators"));
  SKIP_IF(test::needs_vmlinux_btf());
  const auto& btf = test::vmlinux_btf::get();
  REQUIRE(btf.function("bpf_iter_link_attach"));
  const auto by_name = program::load(tracing_program(attach_type::trace_iter, load_target::name("link_attach")));
  CHECK(verdict_of(by_name) == "not_found/no_such_name/EINVAL");
  CHECK_THAT(sentence(by_name), contains("'link_attach' is a name in the kernel's BTF, but no iterator target"));
  const auto id = btf.function("bpf_iter_link_attach").value();
  const auto by_id = program::load(tracing_program(attach_type::trace_iter, load_target::id(id)));
  CHECK(verdict_of(by_id) == "not_found/no_such_name/EINVAL");
  CHECK_THAT(sentence(by_id), contains("the type with the id " + std::to_string(id) + " is no iterator target"));
}

TEST_CASE("load: a target in a module", "[load]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 11, "BTF of modules"));
  SKIP_IF(test::needs_vmlinux_btf());
  const auto missing =
      program::load(tracing_program(attach_type::trace_fentry, load_target::name_in_module("bpflink_no", "veth_xmit")));
  CHECK(verdict_of(missing) == "not_found/no_such_name/");
  CHECK_THAT(sentence(missing), contains("no module 'bpflink_no' with BTF is loaded"));

  // Making a pair loads the module, where it is one.
  const test::netns_fixture netns;
  netns.run([] { test::create_veth("bl0", "bl1"); });
  if (test::open_file("/sys/kernel/btf/veth", 0).error() != 0) {
    const auto built_in = program::load(tracing_program(attach_type::trace_fentry, load_target::name("veth_xmit")));
    CHECK(found(built_in));
    return;
  }
  for (const auto& target : {load_target::name("veth_xmit"), load_target::name_in_module("veth", "veth_xmit")}) {
    const auto program = program::load(tracing_program(attach_type::trace_fentry, target));
    CHECK(sentence(program) == "");
  }
  const auto misspelt =
      program::load(tracing_program(attach_type::trace_fentry, load_target::name_in_module("veth", "veth_xmitt")));
  CHECK(verdict_of(misspelt) == "not_found/no_such_name/");
  CHECK_THAT(sentence(misspelt), contains("there is no function 'veth_xmitt' in the BTF of module 'veth'"));
  CHECK_THAT(std::string{misspelt.error().hint()}, contains("veth_xmit"));
}

TEST_CASE("load: a target in another program", "[load]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 6, "fentry on programs"));
  const auto target = load_with_function("first_step");
  const auto program =
      program::load(tracing_program(attach_type::trace_fentry, load_target::name_in_program(target, "first_step")));
  CAPTURE(sentence(program));
  CHECK(found(program));

  const auto misspelt =
      program::load(tracing_program(attach_type::trace_fentry, load_target::name_in_program(target, "first_stp")));
  CHECK(verdict_of(misspelt) == "not_found/no_such_name/");
  CHECK_THAT(sentence(misspelt), contains("there is no function 'first_stp' in program 'has_btf' (id "));
  CHECK_THAT(sentence(misspelt), contains("a near name is first_step"));

  const auto plain = program::load(simple(program_type::xdp));
  REQUIRE(plain);
  const auto nameless =
      program::load(tracing_program(attach_type::trace_fentry, load_target::name_in_program(*plain, "first_step")));
  CHECK(verdict_of(nameless) == "not_found/no_such_name/");
  CHECK_THAT(sentence(nameless), contains("was loaded without BTF, so its functions have no names"));

  const auto null = test::open_file("/dev/null", 0);
  for (const auto& wrong :
       {load_target::name_in_program(fd_ref{null.get()}, "f"), load_target::id_in_program(fd_ref{null.get()}, 1)}) {
    const auto refused = program::load(tracing_program(attach_type::trace_fentry, wrong));
    CHECK(refused.error() == errc::wrong_type);
    CHECK(refused.error().cause() == cause::not_a_program);
  }
  for (const auto& wrong :
       {load_target::name_in_program(fd_ref{1023}, "f"), load_target::id_in_program(fd_ref{1023}, 1)}) {
    const auto refused = program::load(tracing_program(attach_type::trace_fentry, wrong));
    CHECK(refused.error() == errc::bad_handle);
    CHECK(refused.error().cause() == cause::closed_descriptor);
    CHECK_THAT(sentence(refused), contains("the target program's descriptor 1023 is closed"));
  }
}

TEST_CASE("load: a target in a BTF object that is no module's", "[load]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 11, "BTF of modules"));
  const auto null = test::open_file("/dev/null", 0);
  const auto options = [](int object) {
    return tracing_program(attach_type::trace_iter, load_target::id_in_btf(fd_ref{object}, 1));
  };
  CHECK(program::load(options(null.get())).error() == errc::wrong_type);
  CHECK(program::load(options(1023)).error() == errc::bad_handle);
  test::btf_blob blob;
  blob.add_function("f");
  const auto btf = load_btf(blob);
  const auto refused = program::load(options(btf.get()));
  CHECK(refused.error() == errc::wrong_type);
  CHECK_THAT(sentence(refused), contains("the target's BTF is that of a program, not of a module"));
}

TEST_CASE("load: a kernel that does not show its BTF", "[load]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 8, "iterators"));
  SKIP_IF(test::needs_vmlinux_btf());
  CHECK(test::in_mount_namespace([] {
          test::hide("/sys/kernel/btf");
          const auto program = program::load(tracing_program(attach_type::trace_iter, load_target::name("task")));
          test::expect_equal(verdict_of(program), "not_supported/missing_configuration/ENOENT");
          test::expect_equal(sentence(program),
                             "load tracing program for iterator target 'task': this kernel does not show its BTF "
                             "(/sys/kernel/btf/vmlinux), which came with Linux 5.4 and CONFIG_DEBUG_INFO_BTF; see that "
                             "/sys is mounted (open: ENOENT)");
        }).failure() == "");
}

TEST_CASE("load: BTF that is not what it should be", "[load]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 8, "iterators"));
  CHECK(test::in_mount_namespace([] {
          test::hide("/sys/kernel/btf");
          const auto file = test::open_file("/sys/kernel/btf/vmlinux", O_WRONLY | O_CREAT);
          const auto none = program::load(tracing_program(attach_type::trace_iter, load_target::name("task")));
          test::expect(!none, "it was loaded");
          test::expect_equal(test::write_file("/sys/kernel/btf/vmlinux", "this is no BTF at all, not a bit"), 0);
          const auto bad = program::load(tracing_program(attach_type::trace_iter, load_target::name("task")));
          test::expect_equal(verdict_of(bad), "not_supported/unknown/");
          test::expect(sentence(bad).find("the BTF of the kernel cannot be read") != std::string::npos, sentence(bad));
        }).failure() == "");
}

TEST_CASE("load: a target by name costs one pass over a mapped file, and nothing of the heap", "[load]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 8, "iterators"));
  SKIP_IF(test::needs_vmlinux_btf());
  const auto load = [] {
    static_cast<void>(program::load(tracing_program(attach_type::trace_iter, load_target::name("task"))));
  };
  CHECK(test::allocations(load).value_or(0) == 0);
  SKIP_IF(test::needs_supervisor());
  CHECK(test::in_child([&] {
          // Where the file cannot be mapped it is read, which is not counted here.
          test::syscall_supervisor supervisor{{SYS_openat, SYS_newfstatat, SYS_fstat, SYS_close, SYS_bpf}};
          const auto all = test::names(supervisor.record_calls(load));
          test::expect(all == "openat(/sys/kernel/btf/vmlinux) newfstatat() close bpf(5) close" ||
                           all == "openat(/sys/kernel/btf/vmlinux) fstat close bpf(5) close",
                       all);
        }).failure() == "");
}

}  // namespace bpflink
