<#
.SYNOPSIS
    Sends a file to many hosts over ssh, retries after transient errors, and reports each host.

.DESCRIPTION
    The file is read once for all hosts. A second attempt, and a second run, resume at each host. Each host computes the
    checksum of its file. Keys and known hosts are those of ssh, which does not prompt.

    Emits an object for each host, in the order of the hosts. The exit code is the number of hosts that do not have the
    file, 255 at most.

.EXAMPLE
    ./fan-out.ps1 disk.img (Get-Content hosts.txt) /srv/images

.EXAMPLE
    ./fan-out.ps1 disk.img web1, web2 images -Attempts 5 -Pause 60 -ReportPath report.csv
#>
#requires -Version 7.4
#requires -Modules Splice
[CmdletBinding()]
param(
    # The file.
    [Parameter(Mandatory, Position = 0)]
    [string] $Path,

    # The hosts, as for ssh. Ranges such as web[1-3] are not supported.
    [Parameter(Mandatory, Position = 1)]
    [string[]] $HostName,

    # The file or folder on each host.
    [Parameter(Mandatory, Position = 2)]
    [string] $Destination,

    # Number of attempts for a host.
    [ValidateRange(1, 100)]
    [int] $Attempts = 3,

    # Seconds to wait before the next attempt.
    [ValidateRange(0, 86400)]
    [int] $Pause = 10,

    # A CSV file for the report.
    [string] $ReportPath
)

$ErrorActionPreference = 'Stop'

# Transient errors. All others need an administrator.
$transient = 'ConnectionFailed', 'IdleTimeout', 'DestinationBusy', 'VerificationFailed', 'SourceChanged'
$options = @{ ConnectingTimeout = 15; IdleTimeout = 120; Options = @{ BatchMode = 'yes' } }
$rows = @{}
$left = $HostName
for ($attempt = 1; $left -and $attempt -le $Attempts; $attempt++) {
    if ($attempt -gt 1) { Start-Sleep -Seconds $Pause }
    $sent = Send-ItemZeroCopy $Path $left $Destination -Resume -Verify @options -ErrorVariable failures -ErrorAction SilentlyContinue
    foreach ($result in $sent) {
        $rows[$result.HostName] = [pscustomobject]@{
            HostName = $result.HostName
            State = 'Sent'
            Attempts = $attempt
            BytesSent = $result.BytesSent
            ResumedAt = $result.ResumedAt
            Seconds = [Math]::Round($result.Elapsed.TotalSeconds, 1)
            Error = $null
            Message = $null
        }
    }

    $left = foreach ($failure in $failures) {
        $name = "$($failure.TargetObject)"
        # An error of the file, or of the local ssh, concerns all hosts.
        if ($name -notin $HostName) { throw $failure }
        $rows[$name] = [pscustomobject]@{
            HostName = $name
            State = 'Failed'
            Attempts = $attempt
            BytesSent = $failure.Exception.Partial.BytesSent
            ResumedAt = $null
            Seconds = $null
            Error = $failure.FullyQualifiedErrorId.Split(',')[0]
            Message = $failure.Exception.Message
        }
        if ($rows[$name].Error -in $transient) { $name }
    }
}

$report = @($HostName | Select-Object -Unique | Where-Object { $rows[$_] } | ForEach-Object { $rows[$_] })
$report
if ($ReportPath) { $report | Export-Csv -LiteralPath $ReportPath }
exit [Math]::Min(255, @($report | Where-Object State -NE Sent).Count)
