<#
.SYNOPSIS
    The first call in a new pwsh, on a file of 0 bytes, and the module's methods that are compiled for it.
#>
param([switch] $Quick)

Use-Place tmpfs {
    param($place)
    $source = "$($place.Folder)/source"
    $target = "$($place.Folder)/target"
    [IO.File]::WriteAllBytes($source, @())
    $timed = '$start = [Diagnostics.Stopwatch]::GetTimestamp(); $null = {0} ''{1}'' ''{2}''
        [Diagnostics.Stopwatch]::GetElapsedTime($start).TotalSeconds.ToString("R", [cultureinfo]::InvariantCulture)'
    # Loading the module is not a part of it: the command is found, then called.
    $compiled = Invoke-Shell "Add-Type -Path '$PSScriptRoot/../lib/ProcessUsage.cs'; `$listener = [Splice.Benchmarks.CompiledMethods]::new()
        Import-Module `$module; `$null = Copy-ItemZeroCopy '$source' '$target'; @(`$listener.Names).Count"
    Measure-Case 'first call, 0 bytes' -FileSystem $place.FileSystem -Target @{ Id = '8b'; Peer = 'Copy-Item'; AtMost = 1 } @(
        @{ Name = 'Copy-ItemZeroCopy'; Ours = $true; Timer = { Invoke-Shell -Import ($timed -f 'Copy-ItemZeroCopy', $source, $target) } }
        @{ Name = 'Copy-Item'; Timer = { Invoke-Shell ($timed -f 'Copy-Item', $source, $target) } }
    ) -Before { Clear-File $target } -Facts {
        param($name)
        if ($name -eq 'Copy-ItemZeroCopy') { @{ compiledMethods = [int]$compiled } }
    }
}
