<#
.SYNOPSIS
    Sends a file to the hosts of a CSV file over ssh, and reports each host.

.DESCRIPTION
    Each row of the CSV file has a host and a destination, and can have a user, a port and a key. For example:

        HostName,UserName,Port,KeyFilePath,Destination
        web1,,,,/srv/images/
        web2.example.org,deploy,2222,~/.ssh/deploy,images/current.img

    The file is read once for all hosts, and each host computes its checksum. A second run sends only what is missing.

    Emits an object for each host. The exit code is the number of hosts that do not have the file, 255 at most.

.EXAMPLE
    ./send-from-csv.ps1 disk.img hosts.csv

.EXAMPLE
    ./send-from-csv.ps1 disk.img hosts.csv -ReportPath report.csv
#>
#requires -Version 7.4
#requires -Modules Splice
[CmdletBinding()]
param(
    # The file.
    [Parameter(Mandatory, Position = 0)]
    [string] $Path,

    # The CSV file with the columns HostName and Destination, and optionally UserName, Port and KeyFilePath.
    [Parameter(Mandatory, Position = 1)]
    [string] $HostsPath,

    # A CSV file for the report.
    [string] $ReportPath
)

$ErrorActionPreference = 'Stop'
$file = Get-Item -LiteralPath $Path
$sent = Import-Csv -LiteralPath $HostsPath |
    Send-ItemZeroCopy -LiteralPath $file.FullName -Resume -Verify -IdleTimeout 120 -ErrorVariable failed -ErrorAction SilentlyContinue

$report = @(
    $sent | ForEach-Object {
        [pscustomobject]@{ HostName = $_.HostName; State = 'Sent'; Destination = $_.Destination; BytesSent = $_.BytesSent; Message = $null }
    }
    $failed | ForEach-Object {
        # The target is the host, or the row if it could not be read.
        $name = $_.TargetObject.HostName ?? $_.TargetObject
        [pscustomobject]@{ HostName = $name; State = 'Failed'; Destination = $null; BytesSent = $null; Message = $_.Exception.Message }
    }
)
$report
if ($ReportPath) { $report | Export-Csv -LiteralPath $ReportPath }
exit [Math]::Min(255, @($report | Where-Object State -EQ Failed).Count)
