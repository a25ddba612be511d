// SPDX-License-Identifier: MIT
#pragma once

/// All of bpflink but its fmt formatters (bpflink/format.hpp) and its libbpf adapter (bpflink/libbpf.hpp), which need
/// those libraries.

#include "bpflink/attach/cgroup.hpp"
#include "bpflink/attach/iterator.hpp"
#include "bpflink/attach/netns.hpp"
#include "bpflink/attach/raw_link.hpp"
#include "bpflink/attach/raw_program.hpp"
#include "bpflink/attach/raw_target.hpp"
#include "bpflink/attach/raw_tracepoint.hpp"
#include "bpflink/attach/tracepoint.hpp"
#include "bpflink/attach/uprobe_multi.hpp"
#include "bpflink/attach/xdp.hpp"
#include "bpflink/error.hpp"
#include "bpflink/fd.hpp"
#include "bpflink/features.hpp"
#include "bpflink/ids.hpp"
#include "bpflink/info.hpp"
#include "bpflink/iterator_reader.hpp"
#include "bpflink/kinds.hpp"
#include "bpflink/link.hpp"
#include "bpflink/load.hpp"
#include "bpflink/mechanism.hpp"
#include "bpflink/program.hpp"
#include "bpflink/version.hpp"
#include "bpflink/zstring_view.hpp"
