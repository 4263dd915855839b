# Memory for what a turn writes.

# Below this a turn finds its pages in those that were just freed.
$script:leastMemory = 64MB

# Takes back from the host of a virtual machine what a turn needs. Otherwise it is a draw who finds pages that the turn before
# freed, and who waits for the host to give one after the other: the same cp of 1 GiB took 0.55 seconds or 2.2. What is in the
# page cache stays there.
function Get-FreeMemory([long] $Bytes) {
    if ($Bytes -lt $script:leastMemory) { return }
    $free = [long][regex]::Match([IO.File]::ReadAllText('/proc/meminfo'), 'MemFree:\s+(\d+) kB').Groups[1].Value * 1KB
    # The kernel takes some for itself, and leaves some in pieces.
    $wanted = [long][Math]::Min(1.2 * $Bytes + 128MB, $free - 1GB)
    if ($wanted -gt 0) { [Splice.Benchmarks.FreeMemory]::Fetch($wanted) }
}
