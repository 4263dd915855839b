# What was measured with what: the first line of a run.

function Get-FirstLine([string] $Program, [string[]] $ArgumentList) {
    if (-not (Get-MissingReason $Program)) { "$(& $Program @ArgumentList 2>&1 | Select-Object -First 1)".Trim() }
}

function Get-RunRecord([bool] $Quick) {
    $processor = [IO.File]::ReadAllLines('/proc/cpuinfo') | Where-Object { $_ -like 'model name*' } | Select-Object -First 1
    $memory = [long][regex]::Match([IO.File]::ReadAllText('/proc/meminfo'), 'MemTotal:\s+(\d+)').Groups[1].Value * 1KB
    $system = [regex]::Match([IO.File]::ReadAllText('/etc/os-release'), 'PRETTY_NAME="?([^"\n]*)').Groups[1].Value
    [pscustomobject][ordered]@{
        kind = 'run'
        date = [DateTime]::UtcNow.ToString('yyyy-MM-ddTHH:mm:ssZ', [cultureinfo]::InvariantCulture)
        quick = $Quick
        machine = [ordered]@{
            processor = "$processor" -replace '^.*?:\s*'
            processors = [Environment]::ProcessorCount
            memoryBytes = $memory
            virtual = "$(Get-FirstLine systemd-detect-virt '--vm')"
            architecture = "$([Runtime.InteropServices.RuntimeInformation]::OSArchitecture)"
            system = $system
            kernel = "$(uname -r)"
            load = [double]([IO.File]::ReadAllText('/proc/loadavg').Split(' ')[0])
        }
        versions = [ordered]@{
            splice = "$((Import-PowerShellDataFile $script:module).ModuleVersion)"
            commit = Get-FirstLine git '-C', $PSScriptRoot, 'rev-parse', '--short', 'HEAD'
            powershell = "$($PSVersionTable.PSVersion)"
            dotnet = [Runtime.InteropServices.RuntimeInformation]::FrameworkDescription
            cp = Get-FirstLine cp '--version'
            bash = Get-FirstLine bash '--version'
            python = Get-FirstLine python3 '--version'
            rsync = Get-FirstLine rsync '--version'
            pv = Get-FirstLine pv '--version'
            zstd = Get-FirstLine zstd '--version'
            tar = Get-FirstLine tar '--version'
            cpio = Get-FirstLine cpio '--version'
            rustCoreutils = Get-FirstLine coreutils 'cp', '--version'
            fpsync = Get-FirstLine fpsync '-v'
            ssh = Get-FirstLine ssh '-V'
            cmp = Get-FirstLine cmp '--version'
            find = Get-FirstLine find '--version'
        }
    }
}

# The machine in half a sentence.
function Format-Machine([object] $Run) {
    $machine = $Run.machine
    $kind = $machine.virtual -in '', 'none' ? 'machine' : 'virtual machine'
    "$($machine.processors)-core $kind ($($machine.processor), $(Format-Size $machine.memoryBytes)), Linux $($machine.kernel), " +
    "PowerShell $($Run.versions.powershell), $($Run.versions.cp -replace '^cp \(|\)')"
}
