BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    Import-Module "$PSScriptRoot/../../out/Splice"
    $script:source = "$TestDrive/source"
    [IO.File]::WriteAllBytes($source, (Get-TestByte 1536))
    $script:rendering = $PSStyle.OutputRendering
    $PSStyle.OutputRendering = 'PlainText'
}

AfterAll {
    $PSStyle.OutputRendering = $rendering
}

Describe 'Under <Culture>' -ForEach @(
    @{ Culture = 'de-DE' }
    @{ Culture = 'tr-TR' }
    @{ Culture = 'ar-SA' }
    @{ Culture = 'fa-IR' }
) {
    BeforeEach {
        if ($env:DOTNET_SYSTEM_GLOBALIZATION_INVARIANT -in '1', 'true') {
            Set-ItResult -Skipped -Because 'without ICU, .NET has only the invariant culture'
        }

        $script:before = [cultureinfo]::CurrentCulture
        $script:beforeUI = [cultureinfo]::CurrentUICulture
        [cultureinfo]::CurrentCulture = $Culture
        [cultureinfo]::CurrentUICulture = $Culture
        $script:target = "$TestDrive/$([guid]::NewGuid())"
    }

    AfterEach {
        [cultureinfo]::CurrentCulture = $before
        [cultureinfo]::CurrentUICulture = $beforeUI
    }

    It 'names of methods and flags are what they are: <Method>, <Flags>' -ForEach @(
        @{ Method = 'splice'; Flags = 'gift'; Shown = 'Gift' }
        @{ Method = 'SPLICE'; Flags = 'GIFT'; Shown = 'Gift' }
        @{ Method = 'Splice'; Flags = 'nonblock, GIFT'; Shown = 'NonBlock, Gift' }
    ) {
        $result = Copy-ItemZeroCopy $source $target -Method $Method -Flags $Flags
        $result.Method | Should -Be ([Splice.TransferMethod]::Splice)
        "$($result.Flags)" | Should -BeExactly $Shown
    }

    It 'so are those with an i in the middle: <_>' -ForEach 'copyfilerange', 'COPYFILERANGE', 'readwrite', 'READWRITE', 'sendfile' {
        (Copy-ItemZeroCopy $source $target -Method $_).Method | Should -Be $_
    }

    It 'so are parameters and the cmdlets' {
        copy-itemzerocopy -PATH $source -DESTINATION $target -METHOD splice -PIPESIZE 64KB
        COPY-ITEMZEROCOPY $source $target
        Get-Hash $target | Should -Be (Get-Hash $source)
    }

    It 'sizes are numbers' {
        (Copy-ItemZeroCopy $source $target -Offset 0.5KB -Count 1KB).BytesCopied | Should -Be 1024
        (Copy-ItemZeroCopy $source $target -Count '1024').BytesCopied | Should -Be 1024
    }

    It 'errors have the same ids, and numbers without groups' {
        $failure = Get-Failure { Copy-ItemZeroCopy $source $target -Offset 1234567 }
        Assert-Failure $failure -Id 'OffsetPastEnd,Splice.Commands.CopyItemZeroCopyCommand' -Category InvalidArgument -Target $source -Says '1234567', '1536'
    }

    It 'names that differ only in i and I are two files' {
        [IO.File]::WriteAllText("$TestDrive/index", 'small')
        [IO.File]::WriteAllText("$TestDrive/INDEX", 'large')
        $folder = New-Item -ItemType Directory $target
        (Copy-ItemZeroCopy "$TestDrive/index", "$TestDrive/INDEX" $folder).Count | Should -Be 2
        Get-Content "$folder/INDEX" | Should -BeExactly 'large'
    }

    It 'the table speaks the user''s language' {
        [cultureinfo]::CurrentCulture.Name | Should -Be $Culture
        $separator = [cultureinfo]::CurrentCulture.NumberFormat.NumberDecimalSeparator
        $separator = [regex]::Escape($separator)
        $row = (Copy-ItemZeroCopy $source $target -Method SendFile | Out-String -Width 160) -split "`n" -match 'KiB'
        $row | Should -Match "^ *1${separator}50 KiB +SendFile +\d+${separator}\d{3}( +[\d${separator}]+ \w*B/s)? +\S*$([regex]::Escape($target.Substring($target.Length - 20)))$"
    }
}
